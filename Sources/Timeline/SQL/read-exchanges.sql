-- The exchanges of a range of ids, in the order of their first bytes.
SELECT
  id, connection_id, session_id, method, target, status, requested_ns, request_ended_ns, answered_ns,
  responded_ns, request_bytes, response_bytes, error_code, error_message, error_body, user_agent, origin,
  request_type, upgrade, forwarded_for, response_type, allow_origin, extensions, server
FROM exchanges
WHERE id >= ? AND id < ?
ORDER BY requested_ns, id
