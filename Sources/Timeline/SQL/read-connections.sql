-- The connections of a capture.
SELECT
  id, client_address, client_port, server_address, server_port, opened_ns, closed_ns, closed_by, close_kind,
  application, client_known_by, complete_head, round_trip_ns, bytes_client, bytes_server, missing_bytes,
  undecoded_bytes, retransmitted_segments, other_requests
FROM connections
WHERE capture_id = ?
ORDER BY id
