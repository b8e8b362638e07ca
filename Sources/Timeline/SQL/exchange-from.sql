-- The first exchange that has this id or a higher one, with its connection.
SELECT id, connection_id FROM exchanges WHERE id >= ? ORDER BY id LIMIT 1
