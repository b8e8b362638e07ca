-- What was found in a session.
DELETE FROM findings WHERE session_id = ?1;
