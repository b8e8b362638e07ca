-- title:   What long-polling costs: requests and empty answers for each session
-- column:  session_id     INTEGER  session
-- column:  requests       INTEGER  GET and POST of polling
-- column:  empty_polls    INTEGER  GET that brought nothing but a noop, or nothing
-- column:  frames         INTEGER  Engine.IO packets they carried
-- column:  frames_per_request REAL  how well they were used
-- column:  body_bytes     INTEGER  bodies of requests and answers
-- column:  packet_bytes   INTEGER  the packets alone, without noops
-- column:  polling_ms     REAL     from the first request to the last answer
WITH packets AS (
  SELECT
    exchange_id,
    count(*) AS frames,
    count(*) FILTER (WHERE eio_type IS NOT 'noop') AS useful,
    coalesce(sum(size_bytes) FILTER (WHERE eio_type IS NOT 'noop'), 0) AS packet_bytes
  FROM frames
  WHERE exchange_id IS NOT NULL
  GROUP BY exchange_id
),
carried AS (
  SELECT
    session_id,
    method,
    requested_ns,
    coalesce(responded_ns, requested_ns) AS responded_ns,
    request_bytes + response_bytes AS body_bytes,
    coalesce(frames, 0) AS frames,
    coalesce(useful, 0) AS useful,
    coalesce(packet_bytes, 0) AS packet_bytes
  FROM exchanges
  LEFT JOIN packets ON packets.exchange_id = exchanges.id
  WHERE session_id IS NOT NULL AND method IN ('GET', 'POST') AND status IS NOT 101
)
SELECT
  session_id,
  count(*) AS requests,
  count(*) FILTER (WHERE method = 'GET' AND useful = 0) AS empty_polls,
  sum(frames) AS frames,
  1.0 * sum(frames) / count(*) AS frames_per_request,
  sum(body_bytes) AS body_bytes,
  sum(packet_bytes) AS packet_bytes,
  (max(responded_ns) - min(requested_ns)) / 1e6 AS polling_ms
FROM carried
GROUP BY session_id
ORDER BY session_id
