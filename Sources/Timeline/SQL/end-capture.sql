-- The newest facts of a capture.
UPDATE captures SET
  kind = ?,
  source = ?,
  tap = ?,
  started_ns = ?,
  ended_ns = ?,
  complete_head = ?,
  complete_tail = ?,
  dropped_packets = ?,
  packets = ?,
  bytes = ?,
  other_requests = ?
WHERE id = ?;
