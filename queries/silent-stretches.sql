-- title:   Stretches in which a session said nothing
-- param:   :session     INTEGER = NULL  id of one session; all without it
-- param:   :over_ms     REAL = NULL     shortest that counts; pingInterval + pingTimeout of the session without it
-- column:  session_id   INTEGER  session
-- column:  began        TEXT     time of the last frame before it, UTC
-- column:  silent_ms    REAL     length
-- column:  before_type  TEXT     type of the frame before
-- column:  before_from  TEXT     who sent it
-- column:  after_type   TEXT     type of the frame after
-- column:  after_from   TEXT     who sent it
-- column:  frame_id     INTEGER  frame before it
WITH pairs AS (
  SELECT
    session_id,
    id,
    at_ns,
    sender,
    coalesce(sio_type, eio_type, CASE opcode
      WHEN 1 THEN 'ws-text' WHEN 2 THEN 'ws-binary'
      WHEN 8 THEN 'ws-close' WHEN 9 THEN 'ws-ping' WHEN 10 THEN 'ws-pong' END) AS type,
    lead(at_ns) OVER in_time AS next_ns,
    lead(sender) OVER in_time AS next_sender,
    lead(coalesce(sio_type, eio_type, CASE opcode
      WHEN 1 THEN 'ws-text' WHEN 2 THEN 'ws-binary'
      WHEN 8 THEN 'ws-close' WHEN 9 THEN 'ws-ping' WHEN 10 THEN 'ws-pong' END)) OVER in_time AS next_type
  FROM frames
  WHERE session_id IS NOT NULL AND (:session IS NULL OR session_id = :session)
  WINDOW in_time AS (PARTITION BY session_id ORDER BY id)
)
SELECT
  session_id,
  strftime('%Y-%m-%dT%H:%M:%S', at_ns / 1000000000, 'unixepoch') || printf('.%03dZ', at_ns / 1000000 % 1000) AS began,
  (next_ns - at_ns) / 1e6 AS silent_ms,
  type AS before_type,
  sender AS before_from,
  next_type AS after_type,
  next_sender AS after_from,
  pairs.id AS frame_id
FROM pairs
JOIN sessions ON sessions.id = pairs.session_id
-- Without an open packet nothing is known: the defaults of the reference server stand in, 25 s and 20 s.
WHERE (next_ns - at_ns) / 1e6
  > coalesce(:over_ms, coalesce(ping_interval_ms, 25000) + coalesce(ping_timeout_ms, 20000))
ORDER BY silent_ms DESC, frame_id
