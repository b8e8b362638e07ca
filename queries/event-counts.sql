-- title:   Events by name: how many, how big
-- param:   :session     INTEGER = NULL  id of one session; all without it
-- column:  namespace    TEXT     namespace
-- column:  event        TEXT     name
-- column:  sender       TEXT     client or server
-- column:  events       INTEGER  how many
-- column:  with_ack     INTEGER  how many asked for an acknowledgement
-- column:  bytes        INTEGER  all of them, after inflate, attachments included
-- column:  biggest      INTEGER  biggest single message in bytes
-- column:  wire_bytes   INTEGER  what they cost on the wire
SELECT
  namespace,
  event,
  sender,
  count(*) FILTER (WHERE sio_type <> 'attachment') AS events,
  count(*) FILTER (WHERE sio_type <> 'attachment' AND ack_id IS NOT NULL) AS with_ack,
  sum(size_bytes) AS bytes,
  max(size_bytes) AS biggest,
  sum(wire_bytes) AS wire_bytes
FROM frames
WHERE sio_type IN ('event', 'binary_event', 'attachment') AND event IS NOT NULL
  AND (:session IS NULL OR session_id = :session)
GROUP BY namespace, event, sender
ORDER BY bytes DESC, namespace, event, sender
