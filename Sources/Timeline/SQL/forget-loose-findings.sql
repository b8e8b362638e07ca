-- Findings likewise.
DELETE FROM findings WHERE session_id IS NULL AND id >= ?1 AND at_ns < ?2;
