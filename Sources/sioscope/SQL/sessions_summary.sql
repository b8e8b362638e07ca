-- One row: what the timeline holds, also beside its sessions.
SELECT
  (SELECT count(*) FROM captures) AS captures,
  (SELECT count(*) FROM sessions) AS sessions,
  (SELECT count(DISTINCT lineage) FROM sessions) AS lineages,
  (SELECT count(*) FROM connections) AS connections,
  -- A plain WebSocket: its messages are frames without a session.
  (SELECT count(*) FROM connections
    WHERE application = 'websocket'
      AND id NOT IN (SELECT connection_id FROM exchanges WHERE session_id IS NOT NULL)
      -- Joined mid-stream, a connection has no exchange; only then the frames are looked through.
      AND id NOT IN (SELECT connection_id FROM frames WHERE session_id IS NOT NULL)
  ) AS plain_websockets,
  (SELECT count(*) FROM connections WHERE application = 'tls') AS tls_connections,
  (SELECT count(*) FROM exchanges WHERE session_id IS NULL AND status >= 400) AS refused_requests,
  (SELECT count(*) FROM anomalies) AS anomalies,
  (SELECT min(opened_ns) FROM sessions) AS first_opened_ns,
  (SELECT max(opened_ns) FROM sessions) AS last_opened_ns
