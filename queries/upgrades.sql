-- title:   Upgrades from polling to WebSocket: how far each session got
-- column:  session_id  INTEGER  session
-- column:  outcome     TEXT     upgraded, failed, not-tried, not-offered or websocket-only
-- column:  probed_ms   REAL     from the session's start to the client's probe
-- column:  answered_ms REAL     from the probe to the server's pong
-- column:  upgraded_ms REAL     from the session's start to the upgrade packet
-- column:  polls_after INTEGER  polling frames after the upgrade packet: there should be none; NULL without one
WITH steps AS (
  SELECT
    sessions.id AS session_id,
    opened_ns,
    transports,
    upgrades,
    min(at_ns) FILTER (WHERE eio_type = 'ping' AND payload = 'probe') AS probed_ns,
    min(at_ns) FILTER (WHERE eio_type = 'pong' AND payload = 'probe') AS answered_ns,
    min(at_ns) FILTER (WHERE eio_type = 'upgrade') AS upgraded_ns
  FROM sessions
  LEFT JOIN frames ON frames.session_id = sessions.id
    AND ((eio_type IN ('ping', 'pong') AND payload = 'probe') OR eio_type = 'upgrade')
  GROUP BY sessions.id
)
SELECT
  session_id,
  CASE
    WHEN upgraded_ns IS NOT NULL THEN 'upgraded'
    WHEN probed_ns IS NOT NULL THEN 'failed'
    WHEN transports NOT LIKE '%polling%' THEN 'websocket-only'
    WHEN upgrades IS NOT NULL AND ',' || upgrades || ',' NOT LIKE '%,websocket,%' THEN 'not-offered'
    ELSE 'not-tried'
  END AS outcome,
  (probed_ns - opened_ns) / 1e6 AS probed_ms,
  (answered_ns - probed_ns) / 1e6 AS answered_ms,
  (upgraded_ns - opened_ns) / 1e6 AS upgraded_ms,
  CASE WHEN upgraded_ns IS NOT NULL THEN
    (SELECT count(*) FROM frames
      WHERE frames.session_id = steps.session_id AND transport = 'polling' AND eio_type IS NOT 'noop'
        AND at_ns > upgraded_ns)
  END AS polls_after
FROM steps
ORDER BY session_id
