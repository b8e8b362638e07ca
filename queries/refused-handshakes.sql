-- title:   Requests that were refused and made no session
-- column:  at            TEXT     time of the request, UTC
-- column:  status        INTEGER  HTTP status
-- column:  error_code    INTEGER  Engine.IO's code: 0 unknown transport, 1 unknown sid, 2 bad method, 3 bad request, 4 forbidden, 5 unsupported version
-- column:  error_message TEXT     and its message
-- column:  method        TEXT     HTTP method
-- column:  target        TEXT     path and query
-- column:  client        TEXT     address of the client
-- column:  server        TEXT     address and port of the server
-- column:  origin        TEXT     Origin header
-- column:  user_agent    TEXT     User-Agent header
SELECT
  strftime('%Y-%m-%dT%H:%M:%S', requested_ns / 1000000000, 'unixepoch')
    || printf('.%03dZ', requested_ns / 1000000 % 1000) AS at,
  status,
  error_code,
  error_message,
  method,
  target,
  coalesce(forwarded_for, client_address) AS client,
  server_address || ':' || server_port AS server,
  origin,
  user_agent
FROM exchanges
JOIN connections ON connections.id = exchanges.connection_id
WHERE session_id IS NULL AND status >= 400
ORDER BY requested_ns, exchanges.id
