-- The anomalies of a capture that belong to a frame, in the order of the frames.
SELECT session_id, connection_id, frame_id, at_ns, code, detail
FROM anomalies
WHERE capture_id = ? AND frame_id IS NOT NULL
ORDER BY frame_id, id
