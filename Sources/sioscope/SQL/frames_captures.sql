-- Captures, in the order of recording.
SELECT id FROM captures ORDER BY id
