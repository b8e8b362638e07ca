-- The requests that opened WebSockets, and those of packets that were refused.
SELECT exchanges.id, connection_id, method, target, requested_ns, session_id, status, user_agent
FROM exchanges
JOIN connections ON connections.id = connection_id
WHERE capture_id = :capture
  AND (status = 101 OR (session_id IS NULL AND method = 'POST'))
ORDER BY exchanges.id
