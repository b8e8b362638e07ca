-- What frames are judged and timed by; sessions from :first on.
SELECT id, opened_ns, eio_version, ping_timeout_ms FROM sessions WHERE id >= :first ORDER BY id
