-- What a recording itself found.
DELETE FROM findings WHERE id >= ?;
