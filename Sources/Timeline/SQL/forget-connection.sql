-- A connection of which nothing else is left.
DELETE FROM connections WHERE id = ?1;
