-- Some frames of a session, so that no single deletion takes long.
DELETE FROM frames WHERE id IN (SELECT id FROM frames WHERE session_id = ?1 LIMIT 5000);
