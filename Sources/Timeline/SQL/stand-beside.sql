-- Captures recorded side by side all name the first of them, that one too.
UPDATE captures SET beside = ? WHERE id = ?;
