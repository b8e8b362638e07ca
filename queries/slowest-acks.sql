-- title:   Slowest acknowledgements
-- param:   :session          INTEGER = NULL  id of one session; all without it
-- param:   :limit            INTEGER = 20    rows at most
-- column:  session_id        INTEGER  session
-- column:  namespace         TEXT     namespace of the event
-- column:  event             TEXT     event that asked for the ack
-- column:  ack_id            INTEGER  ack id
-- column:  asked_by          TEXT     client or server
-- column:  waited_ms         REAL     from the event to its ack, by the tap's clock
-- column:  asked_frame_id    INTEGER  frame of the event
-- column:  answered_frame_id INTEGER  frame of the ack
SELECT session_id, namespace, event, ack_id, asked_by, latency_ms AS waited_ms, asked_frame_id, answered_frame_id
FROM acks
WHERE latency_ms IS NOT NULL AND (:session IS NULL OR session_id = :session)
ORDER BY waited_ms DESC, asked_frame_id
LIMIT :limit
