-- title:   Namespaces: who joined, how long it took, what was said in it
-- param:   :session     INTEGER = NULL  id of one session; all without it
-- column:  session_id   INTEGER  session
-- column:  namespace    TEXT     namespace
-- column:  outcome      TEXT     connected, refused, unanswered, or joined before the capture began
-- column:  connect_ms   REAL     from the client's connect to the server's answer
-- column:  error        TEXT     the refusal's JSON
-- column:  events_client INTEGER  events of the client in it
-- column:  events_server INTEGER  events of the server in it
-- column:  left_by      TEXT     who disconnected from it; NULL where nobody did
WITH said AS (
  SELECT
    session_id,
    namespace,
    min(at_ns) FILTER (WHERE sio_type = 'connect' AND sender = 'client') AS asked_ns,
    min(at_ns) FILTER (WHERE sio_type = 'connect' AND sender = 'server') AS connected_ns,
    min(at_ns) FILTER (WHERE sio_type = 'connect_error') AS refused_ns,
    min(payload) FILTER (WHERE sio_type = 'connect_error') AS error,
    count(*) FILTER (WHERE sio_type NOT IN ('connect', 'connect_error')) AS used,
    count(*) FILTER (WHERE sio_type IN ('event', 'binary_event') AND sender = 'client') AS events_client,
    count(*) FILTER (WHERE sio_type IN ('event', 'binary_event') AND sender = 'server') AS events_server,
    min(sender) FILTER (WHERE sio_type = 'disconnect') AS left_by
  FROM frames
  WHERE session_id IS NOT NULL AND namespace IS NOT NULL AND (:session IS NULL OR session_id = :session)
  GROUP BY session_id, namespace
)
SELECT
  session_id,
  namespace,
  CASE
    WHEN connected_ns IS NOT NULL THEN 'connected'
    WHEN refused_ns IS NOT NULL THEN 'refused'
    WHEN asked_ns IS NULL AND used > 0 AND NOT complete_head THEN 'joined before'
    ELSE 'unanswered'
  END AS outcome,
  (coalesce(connected_ns, refused_ns) - asked_ns) / 1e6 AS connect_ms,
  error,
  events_client,
  events_server,
  left_by
FROM said JOIN sessions ON sessions.id = session_id
ORDER BY session_id, namespace
