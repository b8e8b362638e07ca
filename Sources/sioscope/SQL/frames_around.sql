-- Conditions for frames_lines.sql: a frame and its neighbours in its session (or among those without one).
WHERE id IN (
  SELECT id FROM (
    SELECT id FROM frames WHERE session_id IS :session AND id <= :frame ORDER BY id DESC LIMIT :count + 1)
  UNION ALL
  SELECT id FROM (
    SELECT id FROM frames WHERE session_id IS :session AND id > :frame ORDER BY id LIMIT :count))
ORDER BY id
