-- title:   Pings without a pong, late pongs, and pings from the wrong side
-- param:   :session        INTEGER = NULL  id of one session; all without it
-- column:  session_id      INTEGER  session
-- column:  at              TEXT     time of the ping, UTC
-- column:  sender          TEXT     who pinged
-- column:  problem         TEXT     wrong-side, no-pong or late-pong
-- column:  waited_ms       REAL     until the pong; NULL without one
-- column:  ping_timeout_ms INTEGER  what the session allows
-- column:  ping_frame_id   INTEGER  frame of the ping
SELECT
  heartbeats.session_id,
  strftime('%Y-%m-%dT%H:%M:%S', pinged_ns / 1000000000, 'unixepoch')
    || printf('.%03dZ', pinged_ns / 1000000 % 1000) AS at,
  sender,
  CASE
    WHEN (eio_version = 4 AND sender = 'client') OR (eio_version = 3 AND sender = 'server') THEN 'wrong-side'
    WHEN pong_frame_id IS NULL THEN 'no-pong'
    ELSE 'late-pong'
  END AS problem,
  latency_ms AS waited_ms,
  ping_timeout_ms,
  ping_frame_id
FROM heartbeats
JOIN sessions ON sessions.id = heartbeats.session_id
WHERE (:session IS NULL OR heartbeats.session_id = :session)
  AND (
    pong_frame_id IS NULL
    OR latency_ms > ping_timeout_ms
    OR (eio_version = 4 AND sender = 'client')
    OR (eio_version = 3 AND sender = 'server'))
ORDER BY ping_frame_id
