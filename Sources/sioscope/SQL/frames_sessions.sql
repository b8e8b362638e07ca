-- What frames are judged and timed by.
SELECT id, opened_ns, eio_version, ping_timeout_ms FROM sessions ORDER BY id
