-- A session as `sioscope sessions` prints it.
SELECT
  sessions.id,
  sid,
  sessions.opened_ns,
  sessions.ended_ns,
  eio_version,
  sio_version,
  transports,
  path,
  client_address,
  client_port,
  server_address,
  server_port,
  frames_client,
  frames_server,
  end_class,
  ended_by,
  close_code,
  lineage,
  sessions.complete_head,
  holes,
  -- Of a session without an end: when its capture ended.
  captures.ended_ns AS capture_ended_ns
FROM sessions
JOIN captures ON captures.id = sessions.capture_id
-- Where it began: the connection of its first frame, or of its first request when no frame was seen.
LEFT JOIN connections ON connections.id = coalesce(
  (SELECT connection_id FROM frames WHERE session_id = sessions.id ORDER BY frames.id LIMIT 1),
  (SELECT connection_id FROM exchanges WHERE session_id = sessions.id ORDER BY exchanges.id LIMIT 1))
ORDER BY sessions.opened_ns, sessions.id
