-- What a hook log says of a connection.
SELECT id, client_address, client_port, server_address, server_port, opened_ns, closed_ns, closed_by, close_kind, application
FROM connections
WHERE capture_id = :capture
ORDER BY id
