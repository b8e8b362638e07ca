-- The frames of a range of ids, without what no rule looks into: the text of plain events and acks, and all of a
-- binary message but its beginning, where no Socket.IO packet is known.
SELECT
  id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace, event,
  ack_id, attachments, close_code, size_bytes, wire_bytes,
  CASE WHEN sio_type IN ('event', 'ack') THEN NULL ELSE payload END,
  CASE WHEN sio_type IS NULL THEN substr(binary, 1, 64) END,
  flags, exchange_id
FROM frames
WHERE id >= ? AND id < ?
ORDER BY id
