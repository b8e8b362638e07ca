-- The views of format 1.

CREATE VIEW heartbeats AS
  -- One row an Engine.IO ping, with the pong that answered it; both kinds of sender. Probes of an upgrade are left out.
  -- A ping is answered by the next pong of the other side, if that comes before the sender's next ping.
  SELECT
    ping.session_id,
    ping.id AS ping_frame_id,
    CASE WHEN next.eio_type = 'pong' THEN next.id END AS pong_frame_id,
    ping.at_ns AS pinged_ns,
    CASE WHEN next.eio_type = 'pong' THEN next.at_ns END AS ponged_ns,
    CASE WHEN next.eio_type = 'pong' THEN (next.at_ns - ping.at_ns) / 1e6 END AS latency_ms,
    ping.sender
  FROM frames AS ping
  LEFT JOIN frames AS next ON next.id = (
    SELECT beat.id FROM frames AS beat
    WHERE beat.session_id = ping.session_id AND beat.id > ping.id
      AND beat.eio_type IN ('ping', 'pong') AND beat.payload IS NOT 'probe'
      AND ((beat.eio_type = 'pong' AND beat.sender <> ping.sender) OR (beat.eio_type = 'ping' AND beat.sender = ping.sender))
    ORDER BY beat.id LIMIT 1)
  WHERE ping.eio_type = 'ping' AND ping.payload IS NOT 'probe';

CREATE VIEW acks AS
  -- One row an event that asked for an acknowledgement, with its first answer; NULL where none came.
  SELECT
    asked.session_id,
    asked.namespace,
    asked.event,
    asked.ack_id,
    asked.sender AS asked_by,
    asked.id AS asked_frame_id,
    answered.id AS answered_frame_id,
    (answered.at_ns - asked.at_ns) / 1e6 AS latency_ms
  FROM frames AS asked
  LEFT JOIN frames AS answered ON answered.id = (
    SELECT ack.id FROM frames AS ack
    WHERE ack.session_id = asked.session_id AND ack.ack_id = asked.ack_id AND ack.id > asked.id
      AND ack.sio_type IN ('ack', 'binary_ack')
      AND ack.sender <> asked.sender AND ack.namespace = asked.namespace
    ORDER BY ack.id LIMIT 1)
  WHERE asked.ack_id IS NOT NULL AND asked.sio_type IN ('event', 'binary_event');

CREATE VIEW events AS
  -- One row a Socket.IO event, its arguments without the name.
  SELECT
    id AS frame_id,
    session_id,
    at_ns,
    sender,
    namespace,
    event,
    CASE WHEN json_valid(payload) THEN json_remove(payload, '$[0]') END AS arguments,
    ack_id
  FROM frames
  WHERE sio_type IN ('event', 'binary_event');

CREATE VIEW reconnects AS
  -- One row a session, with the time since the one before it in its lineage; NULL for the first.
  SELECT
    lineage,
    id AS session_id,
    LAG(id) OVER lineages AS previous_session_id,
    (opened_ns - LAG(ended_ns) OVER lineages) / 1e6 AS gap_ms,
    (ended_ns - opened_ns) / 1e6 AS life_ms,
    end_class
  FROM sessions
  WINDOW lineages AS (PARTITION BY lineage ORDER BY opened_ns, id);
