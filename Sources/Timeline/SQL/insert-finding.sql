-- One finding.
INSERT INTO findings (id, session_id, frame_id, rule, severity, status, at_ns, message, evidence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
