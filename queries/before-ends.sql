-- title:   The last frames before each session's end
-- param:   :session     INTEGER = NULL  id of one session; all without it
-- param:   :frames      INTEGER = 3     how many of each session
-- column:  session_id   INTEGER  session
-- column:  end_class    TEXT     how it ended
-- column:  ended_by     TEXT     who ended it
-- column:  frame_id     INTEGER  frame
-- column:  before_ms    REAL     time from the frame to the end
-- column:  sender       TEXT     client or server
-- column:  type         TEXT     Socket.IO's type, else Engine.IO's, else WebSocket's opcode
-- column:  event        TEXT     event
-- column:  payload      TEXT     its first 80 characters
SELECT
  sessions.id AS session_id,
  end_class,
  ended_by,
  lasts.id AS frame_id,
  (coalesce(sessions.ended_ns, captures.ended_ns) - at_ns) / 1e6 AS before_ms,
  sender,
  coalesce(sio_type, eio_type, CASE opcode
    WHEN 1 THEN 'ws-text' WHEN 2 THEN 'ws-binary'
    WHEN 8 THEN 'ws-close' WHEN 9 THEN 'ws-ping' WHEN 10 THEN 'ws-pong' END) AS type,
  event,
  substr(payload, 1, 80) AS payload
FROM sessions
JOIN captures ON captures.id = sessions.capture_id
JOIN frames AS lasts ON lasts.id IN (
  SELECT id FROM frames WHERE frames.session_id = sessions.id ORDER BY id DESC LIMIT :frames)
WHERE :session IS NULL OR sessions.id = :session
ORDER BY sessions.id, frame_id
