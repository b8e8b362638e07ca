-- Every capture, in the order of recording.
SELECT
  id, kind, source, tap, started_ns, ended_ns, complete_head, complete_tail, dropped_packets, packets, bytes,
  other_requests,
  -- Behind "a snap length cut ": how many packets are in dropped_packets for that.
  coalesce((
    SELECT max(CAST(substr(detail, 19) AS INTEGER)) FROM anomalies
    WHERE session_id IS NULL AND capture_id = captures.id AND code = 'capture.truncated' AND detail LIKE 'a snap length cut %'
  ), 0) AS cut_packets
FROM captures
ORDER BY id
