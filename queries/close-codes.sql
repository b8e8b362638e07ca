-- title:   WebSocket close frames by code and sender
-- column:  sender      TEXT     client or server
-- column:  close_code  INTEGER  RFC 6455 status code; NULL for an empty body (what APIs show as 1005)
-- column:  reason      TEXT     the text after it
-- column:  frames      INTEGER  how many
-- column:  sessions    INTEGER  in how many sessions
SELECT sender, close_code, nullif(payload, '') AS reason, count(*) AS frames, count(DISTINCT session_id) AS sessions
FROM frames
WHERE layer = 'websocket' AND opcode = 8
GROUP BY sender, close_code, nullif(payload, '')
ORDER BY frames DESC, sender, close_code, reason
