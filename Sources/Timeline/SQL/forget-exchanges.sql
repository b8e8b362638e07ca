-- The requests of a session.
DELETE FROM exchanges WHERE session_id = ?1;
