-- One frame: the statement that a big import runs a million times.
INSERT INTO frames (
  id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace,
  event, ack_id, attachments, close_code, size_bytes, wire_bytes, payload, binary, flags, exchange_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
