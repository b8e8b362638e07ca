-- One finding, which another takes the place of.
DELETE FROM findings WHERE id = ?;
