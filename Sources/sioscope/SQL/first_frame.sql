-- When the timeline's frames begin.
SELECT at_ns FROM frames ORDER BY id LIMIT 1
