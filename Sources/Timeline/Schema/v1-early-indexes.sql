-- The indexes of format 1 that stand from the start: partial, so that most frames cost nothing.

CREATE INDEX frames_by_ack ON frames (session_id, ack_id) WHERE ack_id IS NOT NULL;
