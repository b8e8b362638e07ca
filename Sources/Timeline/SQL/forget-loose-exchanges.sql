-- Requests likewise.
DELETE FROM exchanges WHERE session_id IS NULL AND id >= ?1 AND requested_ns < ?2;
