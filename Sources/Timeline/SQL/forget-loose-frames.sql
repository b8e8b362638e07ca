-- Frames of a recording that belong to no session and are older than the oldest session.
DELETE FROM frames WHERE session_id IS NULL AND id >= ?1 AND at_ns < ?2;
