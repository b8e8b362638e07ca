-- title:   Biggest messages
-- param:   :session     INTEGER = NULL  id of one session; all without it
-- param:   :limit       INTEGER = 20    rows at most
-- column:  frame_id     INTEGER  frame
-- column:  session_id   INTEGER  session; NULL for a plain WebSocket
-- column:  sender       TEXT     client or server
-- column:  transport    TEXT     websocket or polling
-- column:  type         TEXT     Socket.IO's type, else Engine.IO's; NULL for a plain WebSocket
-- column:  event        TEXT     event
-- column:  size_bytes   INTEGER  after inflate
-- column:  wire_bytes   INTEGER  on the wire
-- column:  of_max       REAL     share of the session's maxPayload, 1 = as much as the server takes
SELECT
  frames.id AS frame_id,
  session_id,
  sender,
  transport,
  coalesce(sio_type, eio_type) AS type,
  event,
  size_bytes,
  wire_bytes,
  CASE WHEN sender = 'client' THEN 1.0 * size_bytes / sessions.max_payload END AS of_max
FROM frames
LEFT JOIN sessions ON sessions.id = frames.session_id
WHERE :session IS NULL OR session_id = :session
ORDER BY size_bytes DESC, frames.id
LIMIT :limit
