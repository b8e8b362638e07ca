-- One anomaly; its id is the next free one.
INSERT INTO anomalies (
  capture_id, session_id, connection_id, frame_id, at_ns, code, detail)
VALUES (?, ?, ?, ?, ?, ?, ?);
