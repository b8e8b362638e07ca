-- title:   Binary events and acks: whether all attachments came
-- param:   :session        INTEGER = NULL  id of one session; all without it
-- column:  session_id      INTEGER  session
-- column:  header_frame_id INTEGER  frame of the header
-- column:  sender          TEXT     client or server
-- column:  namespace       TEXT     namespace
-- column:  event           TEXT     event; NULL for an ack
-- column:  ack_id          INTEGER  ack id
-- column:  announced       INTEGER  attachments the header announces
-- column:  arrived         INTEGER  attachments that followed
-- column:  bytes           INTEGER  their size
-- column:  took_ms         REAL     from the header to the last of them
WITH marked AS (
  SELECT
    session_id, at_ns, sender, namespace, event, ack_id, attachments, size_bytes,
    sio_type = 'attachment' AS is_part,
    -- The header before it, of the same side: attachments follow their header without another packet between.
    max(CASE WHEN sio_type <> 'attachment' THEN id END)
      OVER (PARTITION BY session_id, sender ORDER BY id) AS header_id
  FROM frames
  WHERE sio_type IN ('binary_event', 'binary_ack', 'attachment') AND session_id IS NOT NULL
    AND (:session IS NULL OR session_id = :session)
)
SELECT
  session_id,
  header_id AS header_frame_id,
  sender,
  max(namespace) FILTER (WHERE NOT is_part) AS namespace,
  max(event) FILTER (WHERE NOT is_part) AS event,
  max(ack_id) FILTER (WHERE NOT is_part) AS ack_id,
  max(attachments) FILTER (WHERE NOT is_part) AS announced,
  count(*) FILTER (WHERE is_part) AS arrived,
  coalesce(sum(size_bytes) FILTER (WHERE is_part), 0) AS bytes,
  (max(at_ns) FILTER (WHERE is_part) - min(at_ns) FILTER (WHERE NOT is_part)) / 1e6 AS took_ms
FROM marked
WHERE header_id IS NOT NULL
GROUP BY session_id, header_id, sender
ORDER BY header_id
