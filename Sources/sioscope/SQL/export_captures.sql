-- The captures that can be exported.
SELECT id, source FROM captures ORDER BY id
