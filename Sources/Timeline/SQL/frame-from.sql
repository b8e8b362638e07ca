-- The first frame that has this id or a higher one, with its connection.
SELECT id, connection_id FROM frames WHERE id >= ? ORDER BY id LIMIT 1
