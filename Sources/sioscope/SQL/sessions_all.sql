-- All columns, also those of later formats.
SELECT * FROM sessions ORDER BY opened_ns, id
