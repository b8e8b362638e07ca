-- The indexes of format 1: built after a file is imported, before a live tap starts. Partial, so that most frames cost nothing.

CREATE INDEX frames_by_session ON frames (session_id);
CREATE INDEX frames_by_ack ON frames (session_id, ack_id) WHERE ack_id IS NOT NULL;
CREATE INDEX frames_heartbeats ON frames (session_id) WHERE eio_type IN ('ping', 'pong');
CREATE INDEX exchanges_by_session ON exchanges (session_id);
CREATE INDEX anomalies_by_session ON anomalies (session_id);
