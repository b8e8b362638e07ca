-- A capture begins: its id is the next free one, and what is not known yet is written by end-capture.sql.
INSERT INTO captures (
  kind, source, tap, started_ns, ended_ns, tool_version, complete_head, complete_tail, dropped_packets,
  packets, bytes, other_requests, beside, redacted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
