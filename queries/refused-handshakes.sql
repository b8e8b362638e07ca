-- title:   Requests that were refused and made no session
-- column:  at            TEXT     time of the request, UTC
-- column:  status        INTEGER  HTTP status
-- column:  error_code    INTEGER  Engine.IO's code: 0 unknown transport, 1 unknown sid, 2 bad method, 3 bad request, 4 forbidden, 5 unsupported version
-- column:  error_message TEXT     and its message, or the first line of an answer that is plain text
-- column:  method        TEXT     HTTP method
-- column:  target        TEXT     path and query
-- column:  client        TEXT     address of the client
-- column:  server        TEXT     address and port of the server
-- column:  origin        TEXT     Origin header
-- column:  user_agent    TEXT     User-Agent header
WITH refused(id, status, error_code, error_message) AS (
  SELECT
    id, status, error_code,
    coalesce(
      error_message,
      CASE WHEN ltrim(error_body) NOT LIKE '<%' AND ltrim(error_body) NOT LIKE '{%'
        THEN substr(error_body, 1, instr(error_body || char(10), char(10)) - 1) END)
  FROM exchanges WHERE session_id IS NULL AND status >= 400
  UNION ALL
  -- Upgraded first, and then answered with HTTP where the first frame should be.
  SELECT exchanges.id, CAST(substr(detail, instr(detail, 'HTTP/1.') + 9, 3) AS INTEGER), NULL, NULL
  FROM anomalies
  JOIN exchanges ON exchanges.connection_id = anomalies.connection_id
  WHERE code = 'websocket.http-text' AND exchanges.session_id IS NULL AND status = 101
    AND exchanges.connection_id NOT IN (SELECT connection_id FROM frames)
)
SELECT
  strftime('%Y-%m-%dT%H:%M:%S', requested_ns / 1000000000, 'unixepoch')
    || printf('.%03dZ', requested_ns / 1000000 % 1000) AS at,
  refused.status,
  refused.error_code,
  refused.error_message,
  method,
  target,
  coalesce(forwarded_for, client_address) AS client,
  server_address || ':' || server_port AS server,
  origin,
  user_agent
FROM refused
JOIN exchanges USING (id)
JOIN connections ON connections.id = exchanges.connection_id
ORDER BY requested_ns, exchanges.id
