-- title:   What the decoder found broken or missing, by code
-- param:   :session    INTEGER = NULL  id of one session; all without it
-- column:  code        TEXT     <layer>.<name>
-- column:  anomalies   INTEGER  how many
-- column:  sessions    INTEGER  in how many sessions
-- column:  connections INTEGER  on how many connections
-- column:  first_at    TEXT     first one, UTC
-- column:  example     TEXT     what the first one was
WITH placed AS (
  SELECT
    code, session_id, connection_id, at_ns, detail,
    row_number() OVER (PARTITION BY code ORDER BY at_ns, id) AS place
  FROM anomalies
  WHERE :session IS NULL OR session_id = :session
)
SELECT
  code,
  count(*) AS anomalies,
  count(DISTINCT session_id) AS sessions,
  count(DISTINCT connection_id) AS connections,
  strftime('%Y-%m-%dT%H:%M:%S', min(at_ns) / 1000000000, 'unixepoch')
    || printf('.%03dZ', min(at_ns) / 1000000 % 1000) AS first_at,
  max(detail) FILTER (WHERE place = 1) AS example
FROM placed
GROUP BY code
ORDER BY anomalies DESC, code
