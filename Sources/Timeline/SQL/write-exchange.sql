-- An exchange, or what has become of it since.
INSERT INTO exchanges (
  id, connection_id, session_id, method, target, status, requested_ns, request_ended_ns, answered_ns,
  responded_ns, request_bytes, response_bytes, error_code, error_message, error_body, user_agent, origin,
  request_type, upgrade, forwarded_for, response_type, allow_origin, extensions, server)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  connection_id = excluded.connection_id,
  session_id = excluded.session_id,
  method = excluded.method,
  target = excluded.target,
  status = excluded.status,
  requested_ns = excluded.requested_ns,
  request_ended_ns = excluded.request_ended_ns,
  answered_ns = excluded.answered_ns,
  responded_ns = excluded.responded_ns,
  request_bytes = excluded.request_bytes,
  response_bytes = excluded.response_bytes,
  error_code = excluded.error_code,
  error_message = excluded.error_message,
  error_body = excluded.error_body,
  user_agent = excluded.user_agent,
  origin = excluded.origin,
  request_type = excluded.request_type,
  upgrade = excluded.upgrade,
  forwarded_for = excluded.forwarded_for,
  response_type = excluded.response_type,
  allow_origin = excluded.allow_origin,
  extensions = excluded.extensions,
  server = excluded.server;
