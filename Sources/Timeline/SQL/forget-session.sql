-- A session of which nothing else is left.
DELETE FROM sessions WHERE id = ?1;
