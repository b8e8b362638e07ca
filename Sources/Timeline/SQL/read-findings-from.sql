-- What a recording itself has found so far.
SELECT session_id, frame_id, rule, severity, status, at_ns, message, evidence FROM findings WHERE id >= :first ORDER BY id
