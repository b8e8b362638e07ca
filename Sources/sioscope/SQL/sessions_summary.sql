-- One row: what the timeline holds, also beside its sessions.
SELECT
  (SELECT count(*) FROM captures) AS captures,
  (SELECT count(*) FROM sessions) AS sessions,
  (SELECT count(DISTINCT lineage) FROM sessions) AS lineages,
  (SELECT count(*) FROM connections) AS connections,
  -- A plain WebSocket, by the conditions of the query plain-websockets, which says why.
  (SELECT count(*) FROM connections
    WHERE application = 'websocket'
      AND id NOT IN (SELECT connection_id FROM exchanges WHERE session_id IS NOT NULL)
      AND id NOT IN (
        SELECT connection_id FROM exchanges
        WHERE status = 101
          AND (target GLOB '*[?&]EIO=*'
            OR target GLOB '*[?&]transport=websocket*'
            OR target GLOB '*[?&]transport=polling*'
            OR rtrim(substr(target, 1, instr(target || '?', '?') - 1), '/') LIKE '%/socket.io'
            OR rtrim(substr(target, 1, instr(target || '?', '?') - 1), '/') LIKE '%/engine.io'))
      -- The frames, which are many, are looked through only where something is left.
      AND id NOT IN (SELECT connection_id FROM frames WHERE session_id IS NOT NULL)
      AND CASE WHEN id IN (SELECT connection_id FROM exchanges WHERE status = 101)
        THEN id IN (SELECT connection_id FROM frames) OR id NOT IN (
          SELECT connection_id FROM anomalies WHERE code = 'websocket.http-text' AND connection_id IS NOT NULL)
        ELSE id IN (
          SELECT connection_id FROM frames WHERE opcode < 8 AND coalesce(payload, binary) IS NOT NULL)
        END
  ) AS plain_websockets,
  (SELECT count(*) FROM connections WHERE application = 'tls') AS tls_connections,
  (SELECT count(*) FROM exchanges WHERE session_id IS NULL AND status >= 400)
    -- With those that were upgraded first; as in the query refused-handshakes.
    + (SELECT count(*) FROM anomalies
      JOIN exchanges ON exchanges.connection_id = anomalies.connection_id
      WHERE code = 'websocket.http-text' AND exchanges.session_id IS NULL AND status = 101
        AND exchanges.connection_id NOT IN (SELECT connection_id FROM frames)) AS refused_requests,
  (SELECT count(*) FROM anomalies) AS anomalies,
  (SELECT min(opened_ns) FROM sessions) AS first_opened_ns,
  (SELECT max(opened_ns) FROM sessions) AS last_opened_ns
