-- The captures that have connections, in the order of recording, with the highest id among those.
SELECT capture_id, max(id) FROM connections GROUP BY capture_id ORDER BY capture_id
