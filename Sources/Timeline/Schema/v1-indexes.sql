-- The indexes of format 1 that are built after a file is imported, before a live tap starts.

CREATE INDEX frames_by_session ON frames (session_id);
CREATE INDEX exchanges_by_session ON exchanges (session_id);
CREATE INDEX anomalies_by_session ON anomalies (session_id);
