-- title:   Frames and bytes of every minute
-- param:   :session      INTEGER = NULL  id of one session; all without it
-- column:  minute        TEXT     its beginning, UTC
-- column:  sessions      INTEGER  sessions that sent something
-- column:  frames_client INTEGER  frames of clients
-- column:  frames_server INTEGER  frames of servers
-- column:  bytes_client  INTEGER  bytes on the wire from clients
-- column:  bytes_server  INTEGER  bytes on the wire from servers
SELECT
  strftime('%Y-%m-%dT%H:%MZ', at_ns / 1000000000, 'unixepoch') AS minute,
  count(DISTINCT session_id) AS sessions,
  count(*) FILTER (WHERE sender = 'client') AS frames_client,
  count(*) FILTER (WHERE sender = 'server') AS frames_server,
  coalesce(sum(wire_bytes) FILTER (WHERE sender = 'client'), 0) AS bytes_client,
  coalesce(sum(wire_bytes) FILTER (WHERE sender = 'server'), 0) AS bytes_server
FROM frames
WHERE :session IS NULL OR session_id = :session
GROUP BY at_ns / 60000000000
ORDER BY at_ns / 60000000000
