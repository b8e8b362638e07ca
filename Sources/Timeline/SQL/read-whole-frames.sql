-- The frames of a range of ids with all that they carry: for who sends them again or compares them.
SELECT
  id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace, event,
  ack_id, attachments, close_code, size_bytes, wire_bytes, payload, binary, flags, exchange_id
FROM frames
WHERE id >= ? AND id < ?
ORDER BY id
