-- title:   Clients: how often each came, how long it stayed
-- column:  lineage      INTEGER  its first session
-- column:  client       TEXT     its address; as a proxy named it where one did
-- column:  user_agent   TEXT     User-Agent of its first session
-- column:  sessions     INTEGER  sessions one after the other
-- column:  connected_ms REAL     time with a session, all together
-- column:  away_ms      REAL     time between its sessions
-- column:  shortest_ms  REAL     shortest session
-- column:  last_end     TEXT     how the last one ended
WITH placed AS (
  SELECT
    sessions.*,
    coalesce(sessions.ended_ns, captures.ended_ns) AS until_ns,
    row_number() OVER (PARTITION BY lineage ORDER BY opened_ns DESC, sessions.id DESC) AS from_last
  FROM sessions
  JOIN captures ON captures.id = sessions.capture_id
)
SELECT
  placed.lineage,
  coalesce(
    max(forwarded_for) FILTER (WHERE placed.id = placed.lineage),
    (SELECT client_address FROM frames JOIN connections ON connections.id = frames.connection_id
      WHERE frames.session_id = placed.lineage ORDER BY frames.id LIMIT 1)) AS client,
  max(user_agent) FILTER (WHERE placed.id = placed.lineage) AS user_agent,
  count(*) AS sessions,
  sum(until_ns - opened_ns) / 1e6 AS connected_ms,
  (SELECT coalesce(sum(gap_ms), 0.0) FROM reconnects WHERE reconnects.lineage = placed.lineage) AS away_ms,
  min(until_ns - opened_ns) / 1e6 AS shortest_ms,
  max(end_class) FILTER (WHERE from_last = 1) AS last_end
FROM placed
GROUP BY placed.lineage
ORDER BY sessions DESC, placed.lineage
