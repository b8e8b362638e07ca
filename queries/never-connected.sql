-- title:   Sessions that never connected to a namespace
-- column:  session_id   INTEGER  session
-- column:  sid          TEXT     Engine.IO sid
-- column:  life_ms      REAL     how long it lived; to the capture's end where it has none
-- column:  asked        INTEGER  connect packets of the client
-- column:  refused      INTEGER  connect_error packets of the server
-- column:  frames       INTEGER  frames of both sides
-- column:  end_class    TEXT     how it ended
-- column:  complete     INTEGER  0: its beginning is not in the capture, it may have connected before
SELECT
  sessions.id AS session_id,
  sid,
  (coalesce(sessions.ended_ns, captures.ended_ns) - opened_ns) / 1e6 AS life_ms,
  count(*) FILTER (WHERE sio_type = 'connect' AND sender = 'client') AS asked,
  count(*) FILTER (WHERE sio_type = 'connect_error') AS refused,
  count(frames.id) AS frames,
  end_class,
  sessions.complete_head AS complete
FROM sessions
JOIN captures ON captures.id = sessions.capture_id
LEFT JOIN frames ON frames.session_id = sessions.id
-- A plain Engine.IO application has no namespaces; yet a session without any message cannot be told from one.
WHERE NOT EXISTS (
    SELECT 1 FROM frames WHERE session_id = sessions.id AND sio_type = 'connect' AND sender = 'server')
  AND NOT EXISTS (
    SELECT 1 FROM frames WHERE session_id = sessions.id AND eio_type = 'message' AND sio_type IS NULL)
GROUP BY sessions.id
ORDER BY sessions.id
