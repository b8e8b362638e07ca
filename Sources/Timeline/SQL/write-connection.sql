-- A connection, or what has become of it since.
INSERT INTO connections (
  id, capture_id, client_address, client_port, server_address, server_port, opened_ns, closed_ns, closed_by,
  close_kind, application, client_known_by, complete_head, round_trip_ns, bytes_client, bytes_server,
  missing_bytes, undecoded_bytes, retransmitted_segments, other_requests)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  client_address = excluded.client_address,
  client_port = excluded.client_port,
  server_address = excluded.server_address,
  server_port = excluded.server_port,
  opened_ns = excluded.opened_ns,
  closed_ns = excluded.closed_ns,
  closed_by = excluded.closed_by,
  close_kind = excluded.close_kind,
  application = excluded.application,
  client_known_by = excluded.client_known_by,
  complete_head = excluded.complete_head,
  round_trip_ns = excluded.round_trip_ns,
  bytes_client = excluded.bytes_client,
  bytes_server = excluded.bytes_server,
  missing_bytes = excluded.missing_bytes,
  undecoded_bytes = excluded.undecoded_bytes,
  retransmitted_segments = excluded.retransmitted_segments,
  other_requests = excluded.other_requests;
