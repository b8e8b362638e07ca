-- What a hook log says of a session.
SELECT
  id, sid, opened_ns, eio_version, transports, path, ended_ns, end_class, ended_by, user_agent, complete_head
FROM sessions
WHERE capture_id = :capture
ORDER BY id
