-- title:   How long clients stay away between two sessions
-- column:  lineage             INTEGER  first session of the client
-- column:  session_id          INTEGER  session that came back
-- column:  previous_session_id INTEGER  session before it
-- column:  previous_end        TEXT     how that one ended
-- column:  previous_ended_by   TEXT     who ended it
-- column:  previous_life_ms    REAL     how long it had lived
-- column:  gap_ms              REAL     from its end to the new handshake; negative where they overlap
SELECT
  reconnects.lineage,
  reconnects.session_id,
  reconnects.previous_session_id,
  previous.end_class AS previous_end,
  previous.ended_by AS previous_ended_by,
  (previous.ended_ns - previous.opened_ns) / 1e6 AS previous_life_ms,
  reconnects.gap_ms
FROM reconnects
JOIN sessions AS previous ON previous.id = reconnects.previous_session_id
ORDER BY reconnects.lineage, reconnects.session_id
