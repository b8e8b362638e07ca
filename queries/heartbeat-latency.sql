-- title:   Time from ping to pong, by session and by who pings
-- param:   :session   INTEGER = NULL  id of one session; all without it
-- column:  session_id INTEGER  session
-- column:  sender     TEXT     who pinged: has to be the server in Engine.IO 4, the client in 3
-- column:  pings      INTEGER  pings
-- column:  answered   INTEGER  pings that got a pong before the next ping
-- column:  min_ms     REAL     fastest pong
-- column:  p50_ms     REAL     median (nearest rank)
-- column:  p95_ms     REAL     19 in 20 were not slower
-- column:  p99_ms     REAL     99 in 100 were not slower
-- column:  max_ms     REAL     slowest pong
-- column:  ping_timeout_ms INTEGER  what the session allows
WITH ranked AS (
  SELECT
    session_id, sender, latency_ms,
    row_number() OVER (PARTITION BY session_id, sender ORDER BY latency_ms IS NULL, latency_ms) AS place,
    count(latency_ms) OVER (PARTITION BY session_id, sender) AS answered
  FROM heartbeats
  WHERE session_id IS NOT NULL AND (:session IS NULL OR session_id = :session)
)
SELECT
  ranked.session_id,
  ranked.sender,
  count(*) AS pings,
  count(latency_ms) AS answered,
  min(latency_ms) AS min_ms,
  min(CASE WHEN place >= 0.50 * answered THEN latency_ms END) AS p50_ms,
  min(CASE WHEN place >= 0.95 * answered THEN latency_ms END) AS p95_ms,
  min(CASE WHEN place >= 0.99 * answered THEN latency_ms END) AS p99_ms,
  max(latency_ms) AS max_ms,
  sessions.ping_timeout_ms
FROM ranked
JOIN sessions ON sessions.id = ranked.session_id
GROUP BY ranked.session_id, ranked.sender
ORDER BY ranked.session_id, ranked.sender
