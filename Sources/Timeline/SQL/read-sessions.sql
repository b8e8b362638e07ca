-- The sessions of a capture.
SELECT
  id, sid, eio_version, sio_version, parser, transports, path, host, ping_interval_ms, ping_timeout_ms,
  max_payload, upgrades, opened_ns, ended_ns, end_class, ended_by, close_code, lineage, frames_client,
  frames_server, user_agent, origin, forwarded_for, complete_head, complete_tail, holes
FROM sessions
WHERE capture_id = ?
ORDER BY opened_ns, id
