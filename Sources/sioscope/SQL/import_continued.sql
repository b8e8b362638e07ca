-- Captures that begin with connections which another one, shortly before, left open: a recording in several files.
-- :inputs is the number of captures that were imported last; one of each pair is among them.
WITH ends(capture_id, address, port, other_address, other_port) AS (
  -- Both ways round: joined mid-stream, client and server may have been told wrongly.
  SELECT capture_id, client_address, client_port, server_address, server_port FROM connections
  WHERE close_kind = 'capture-end' AND application IN ('http', 'websocket')
  UNION ALL
  SELECT capture_id, server_address, server_port, client_address, client_port FROM connections
  WHERE close_kind = 'capture-end' AND application IN ('http', 'websocket')
)
SELECT
  earlier.source AS earlier,
  later.source AS later,
  count(*) AS connections
FROM connections
JOIN captures AS later ON later.id = connections.capture_id
JOIN ends ON address = client_address AND port = client_port
  AND other_address = server_address AND other_port = server_port
JOIN captures AS earlier ON earlier.id = ends.capture_id
WHERE connections.complete_head = 0
  AND later.kind = 'pcap' AND earlier.kind = 'pcap'
  -- An hour: longer ago the same ports may be another connection's.
  AND later.started_ns BETWEEN earlier.ended_ns AND earlier.ended_ns + 3600000000000
  AND max(earlier.id, later.id) > (SELECT max(id) FROM captures) - :inputs
GROUP BY earlier.id, later.id
ORDER BY later.started_ns, later.id
