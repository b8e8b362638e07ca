-- The anomalies of a capture that belong to no frame, in the order of time.
SELECT session_id, connection_id, frame_id, at_ns, code, detail
FROM anomalies
WHERE capture_id = ? AND frame_id IS NULL
ORDER BY at_ns, id
