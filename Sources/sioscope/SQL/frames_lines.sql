-- A frame as `sioscope frames` prints it. A WHERE clause follows.
SELECT
  id,
  session_id,
  at_ns,
  sender,
  transport,
  layer,
  opcode,
  eio_type,
  sio_type,
  namespace,
  event,
  ack_id,
  attachments,
  close_code,
  size_bytes,
  flags,
  -- No more than can be shown: a terminal has no use for the rest of a long payload. By bytes, for substr() of a text
  -- ends at its first NUL.
  CAST(substr(CAST(payload AS BLOB), 1, :payload_length) AS TEXT) AS payload,
  substr(binary, 1, 9) AS first_bytes,
  length(binary) AS binary_bytes
FROM frames
