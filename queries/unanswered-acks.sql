-- title:   Events that asked for an acknowledgement and never got one
-- param:   :session       INTEGER = NULL  id of one session; all without it
-- column:  session_id     INTEGER  session
-- column:  namespace      TEXT     namespace of the event
-- column:  event          TEXT     event that asked
-- column:  ack_id         INTEGER  ack id
-- column:  asked_by       TEXT     client or server
-- column:  asked_frame_id INTEGER  frame of the event
-- column:  remained_ms    REAL     time the session still lived: short means the answer may have been cut off
-- column:  end_class      TEXT     how the session ended
SELECT
  acks.session_id,
  acks.namespace,
  acks.event,
  acks.ack_id,
  acks.asked_by,
  acks.asked_frame_id,
  (coalesce(sessions.ended_ns, captures.ended_ns) - asked.at_ns) / 1e6 AS remained_ms,
  sessions.end_class
FROM acks
JOIN frames AS asked ON asked.id = acks.asked_frame_id
JOIN sessions ON sessions.id = acks.session_id
JOIN captures ON captures.id = sessions.capture_id
WHERE acks.answered_frame_id IS NULL AND (:session IS NULL OR acks.session_id = :session)
ORDER BY acks.asked_frame_id
