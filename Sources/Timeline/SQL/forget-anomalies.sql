-- The anomalies of a session.
DELETE FROM anomalies WHERE session_id = ?1;
