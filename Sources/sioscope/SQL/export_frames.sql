-- All columns of the frames of a capture.
SELECT
  frames.id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace, event,
  ack_id, attachments, close_code, size_bytes, wire_bytes, payload, binary, flags, exchange_id
FROM frames
JOIN connections ON connections.id = connection_id
WHERE capture_id = :capture
ORDER BY frames.id
