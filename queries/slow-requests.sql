-- title:   HTTP requests that waited longest for their answer
-- param:   :session    INTEGER = NULL  id of one session; all without it
-- param:   :limit      INTEGER = 20    rows at most
-- column:  exchange_id INTEGER  exchange
-- column:  session_id  INTEGER  session; NULL where none came of it
-- column:  method      TEXT     a GET is a poll: it waits for news, at most pingInterval + pingTimeout
-- column:  target      TEXT     path and query
-- column:  status      INTEGER  HTTP status; NULL where no answer was seen
-- column:  waited_ms   REAL     from the end of the request to the first byte of the answer; to the capture's end without one
-- column:  frames      INTEGER  packets that request and answer carried
WITH packets AS (
  SELECT exchange_id, count(*) AS frames FROM frames WHERE exchange_id IS NOT NULL GROUP BY exchange_id
)
SELECT
  exchanges.id AS exchange_id,
  exchanges.session_id,
  method,
  target,
  status,
  (coalesce(answered_ns, captures.ended_ns) - coalesce(request_ended_ns, requested_ns)) / 1e6 AS waited_ms,
  coalesce(frames, 0) AS frames
FROM exchanges
JOIN connections ON connections.id = exchanges.connection_id
JOIN captures ON captures.id = connections.capture_id
LEFT JOIN packets ON packets.exchange_id = exchanges.id
WHERE :session IS NULL OR exchanges.session_id = :session
ORDER BY waited_ms DESC, exchanges.id
LIMIT :limit
