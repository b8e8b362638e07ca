-- title:   Which side sends pings and pongs, and whether it may
-- column:  session_id    INTEGER  session
-- column:  eio_version   INTEGER  4: the server pings; 3: the client does
-- column:  pings_client  INTEGER  Engine.IO pings of the client, without probes
-- column:  pings_server  INTEGER  Engine.IO pings of the server
-- column:  pongs_client  INTEGER  Engine.IO pongs of the client
-- column:  pongs_server  INTEGER  Engine.IO pongs of the server, without probes
-- column:  ws_pings      INTEGER  ping control frames of WebSocket itself, both sides
-- column:  wrong_side    INTEGER  pings from the side that must not send any
SELECT
  sessions.id AS session_id,
  eio_version,
  count(*) FILTER (WHERE eio_type = 'ping' AND sender = 'client') AS pings_client,
  count(*) FILTER (WHERE eio_type = 'ping' AND sender = 'server') AS pings_server,
  count(*) FILTER (WHERE eio_type = 'pong' AND sender = 'client') AS pongs_client,
  count(*) FILTER (WHERE eio_type = 'pong' AND sender = 'server') AS pongs_server,
  count(*) FILTER (WHERE layer = 'websocket' AND opcode = 9) AS ws_pings,
  count(*) FILTER (
    WHERE eio_type = 'ping'
      AND ((eio_version = 4 AND sender = 'client') OR (eio_version = 3 AND sender = 'server'))) AS wrong_side
FROM sessions
LEFT JOIN frames
  ON frames.session_id = sessions.id AND (eio_type IN ('ping', 'pong') OR opcode = 9) AND payload IS NOT 'probe'
GROUP BY sessions.id
ORDER BY sessions.id
