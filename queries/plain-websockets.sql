-- title:   WebSockets that carry no Engine.IO
-- column:  connection_id INTEGER  connection
-- column:  client        TEXT     address and port of the client
-- column:  server        TEXT     address and port of the server
-- column:  target        TEXT     path and query of its handshake; NULL where that is not in the capture
-- column:  opened        TEXT     first packet, UTC
-- column:  life_ms       REAL     to its close, or to the capture's end
-- column:  frames_client INTEGER  messages and control frames of the client
-- column:  frames_server INTEGER  messages and control frames of the server
-- column:  bytes         INTEGER  their size after inflate
-- column:  close_kind    TEXT     how it ended
SELECT
  connections.id AS connection_id,
  client_address || ':' || client_port AS client,
  server_address || ':' || server_port AS server,
  (SELECT target FROM exchanges
    WHERE connection_id = connections.id AND status = 101 ORDER BY exchanges.id LIMIT 1) AS target,
  strftime('%Y-%m-%dT%H:%M:%S', opened_ns / 1000000000, 'unixepoch')
    || printf('.%03dZ', opened_ns / 1000000 % 1000) AS opened,
  (coalesce(closed_ns, captures.ended_ns) - opened_ns) / 1e6 AS life_ms,
  count(frames.id) FILTER (WHERE sender = 'client') AS frames_client,
  count(frames.id) FILTER (WHERE sender = 'server') AS frames_server,
  coalesce(sum(size_bytes), 0) AS bytes,
  close_kind
FROM connections
JOIN captures ON captures.id = connections.capture_id
LEFT JOIN frames ON frames.connection_id = connections.id
WHERE application = 'websocket'
  AND connections.id NOT IN (SELECT connection_id FROM exchanges WHERE session_id IS NOT NULL)
  -- Asked for with Engine.IO's URL it is no plain one, whatever became of it.
  AND connections.id NOT IN (
    SELECT connection_id FROM exchanges
    WHERE status = 101
      AND (target GLOB '*[?&]EIO=*'
        OR target GLOB '*[?&]transport=websocket*'
        OR target GLOB '*[?&]transport=polling*'
        OR rtrim(substr(target, 1, instr(target || '?', '?') - 1), '/') LIKE '%/socket.io'
        OR rtrim(substr(target, 1, instr(target || '?', '?') - 1), '/') LIKE '%/engine.io'))
GROUP BY connections.id
HAVING count(frames.session_id) = 0
  AND CASE WHEN target IS NOT NULL
    -- Refused behind its 101, before the first frame, there never was a WebSocket.
    THEN count(frames.id) > 0 OR connections.id NOT IN (
      SELECT connection_id FROM anomalies WHERE code = 'websocket.http-text' AND connection_id IS NOT NULL)
    -- Where the handshake was not seen a message must show what it carries.
    ELSE count(coalesce(payload, binary)) FILTER (WHERE opcode < 8) > 0
  END
ORDER BY connections.id
