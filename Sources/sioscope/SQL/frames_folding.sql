-- What is looked at to fold heartbeats. A WHERE clause follows.
SELECT
  id,
  session_id,
  at_ns,
  -- Of a heartbeat: its type.
  CASE WHEN eio_type IN ('ping', 'pong') AND payload IS NOT 'probe' THEN eio_type END AS heartbeat,
  eio_type IS 'close' OR (layer = 'websocket' AND opcode IS 8) AS ends_session
FROM frames
