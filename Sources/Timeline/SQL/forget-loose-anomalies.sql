-- Anomalies likewise.
DELETE FROM anomalies WHERE session_id IS NULL AND capture_id >= ?1 AND at_ns < ?2;
