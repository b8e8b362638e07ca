-- The indexes of format 1 that are built after a file is imported, before a live tap starts. Of two that would do,
-- SQLite takes the later one: so the partial one stands behind the one over all rows.

CREATE INDEX frames_by_session ON frames (session_id);
CREATE INDEX frames_heartbeats ON frames (session_id) WHERE eio_type IN ('ping', 'pong');
CREATE INDEX exchanges_by_session ON exchanges (session_id);
CREATE INDEX anomalies_by_session ON anomalies (session_id);
