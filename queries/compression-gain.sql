-- title:   What compression saves, and what it leaves alone
-- column:  session_id      INTEGER  session; NULL for plain WebSockets
-- column:  sender          TEXT     client or server
-- column:  messages        INTEGER  messages, without control frames
-- column:  compressed      INTEGER  those that came compressed
-- column:  size_bytes      INTEGER  the compressed ones after inflate
-- column:  wire_bytes      INTEGER  the same on the wire
-- column:  saved_percent   REAL     what that saved
-- column:  plain_over_1k   INTEGER  messages over 1 KiB that came uncompressed
SELECT
  session_id,
  sender,
  count(*) AS messages,
  count(*) FILTER (WHERE flags LIKE '%compressed%') AS compressed,
  coalesce(sum(size_bytes) FILTER (WHERE flags LIKE '%compressed%'), 0) AS size_bytes,
  coalesce(sum(wire_bytes) FILTER (WHERE flags LIKE '%compressed%'), 0) AS wire_bytes,
  -- NULL where nothing was compressed: a division by nothing.
  100.0 * (1 - 1.0 * sum(wire_bytes) FILTER (WHERE flags LIKE '%compressed%')
    / nullif(sum(size_bytes) FILTER (WHERE flags LIKE '%compressed%'), 0)) AS saved_percent,
  count(*) FILTER (WHERE flags NOT LIKE '%compressed%' AND size_bytes > 1024) AS plain_over_1k
FROM frames
WHERE coalesce(opcode, 0) < 8
GROUP BY session_id, sender
ORDER BY session_id, sender
