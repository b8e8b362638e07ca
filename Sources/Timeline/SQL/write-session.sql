-- A session, or what has become of it since.
INSERT INTO sessions (
  id, capture_id, sid, eio_version, sio_version, parser, transports, path, host, ping_interval_ms,
  ping_timeout_ms, max_payload, upgrades, opened_ns, ended_ns, end_class, ended_by, close_code, lineage,
  frames_client, frames_server, user_agent, origin, forwarded_for, complete_head, complete_tail, holes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  sid = excluded.sid,
  eio_version = excluded.eio_version,
  sio_version = excluded.sio_version,
  parser = excluded.parser,
  transports = excluded.transports,
  path = excluded.path,
  host = excluded.host,
  ping_interval_ms = excluded.ping_interval_ms,
  ping_timeout_ms = excluded.ping_timeout_ms,
  max_payload = excluded.max_payload,
  upgrades = excluded.upgrades,
  opened_ns = excluded.opened_ns,
  ended_ns = excluded.ended_ns,
  end_class = excluded.end_class,
  ended_by = excluded.ended_by,
  close_code = excluded.close_code,
  lineage = excluded.lineage,
  frames_client = excluded.frames_client,
  frames_server = excluded.frames_server,
  user_agent = excluded.user_agent,
  origin = excluded.origin,
  forwarded_for = excluded.forwarded_for,
  complete_head = excluded.complete_head,
  complete_tail = excluded.complete_tail,
  holes = excluded.holes;
