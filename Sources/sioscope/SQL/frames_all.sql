-- All columns, also those of later formats. A WHERE clause follows.
SELECT * FROM frames
