-- title:   How long each event waits for its acknowledgement
-- param:   :session   INTEGER = NULL  id of one session; all without it
-- column:  namespace  TEXT     namespace
-- column:  event      TEXT     event that asked
-- column:  asked_by   TEXT     client or server
-- column:  asked      INTEGER  how often it asked
-- column:  answered   INTEGER  how often an ack came
-- column:  p50_ms     REAL     median of the answered ones (nearest rank)
-- column:  p90_ms     REAL     nine in ten were not slower
-- column:  p99_ms     REAL     99 in 100 were not slower
-- column:  max_ms     REAL     slowest
WITH ranked AS (
  SELECT
    namespace, event, asked_by, latency_ms,
    -- Unanswered ones sort last, so that places count the answered alone.
    row_number() OVER (PARTITION BY namespace, event, asked_by ORDER BY latency_ms IS NULL, latency_ms) AS place,
    count(latency_ms) OVER (PARTITION BY namespace, event, asked_by) AS answered
  FROM acks
  WHERE :session IS NULL OR session_id = :session
)
SELECT
  namespace,
  event,
  asked_by,
  count(*) AS asked,
  count(latency_ms) AS answered,
  min(CASE WHEN place >= 0.50 * answered THEN latency_ms END) AS p50_ms,
  min(CASE WHEN place >= 0.90 * answered THEN latency_ms END) AS p90_ms,
  min(CASE WHEN place >= 0.99 * answered THEN latency_ms END) AS p99_ms,
  max(latency_ms) AS max_ms
FROM ranked
GROUP BY namespace, event, asked_by
ORDER BY max_ms DESC, namespace, event, asked_by
