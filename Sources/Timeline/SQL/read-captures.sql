-- Every capture, in the order of recording.
SELECT
  id, kind, source, tap, started_ns, ended_ns, complete_head, complete_tail, dropped_packets, packets, bytes,
  other_requests
FROM captures
ORDER BY id
