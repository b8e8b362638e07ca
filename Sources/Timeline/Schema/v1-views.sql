-- The views of format 1.

CREATE VIEW heartbeats AS
  -- One row an Engine.IO ping, with the pong that answered it; both kinds of sender. Probes of an upgrade are left out.
  -- A ping is answered by the next pong of the other side, if that comes before the sender's next ping.
  SELECT
    ping.session_id,                    -- whose heartbeat it is
    ping.id AS ping_frame_id,           -- the ping
    CASE WHEN next.eio_type = 'pong' THEN next.id END AS pong_frame_id,     -- its pong; NULL where none came
    ping.at_ns AS pinged_ns,            -- when the ping passed the tap, ns since the Unix epoch
    CASE WHEN next.eio_type = 'pong' THEN next.at_ns END AS ponged_ns,      -- when the pong did; NULL where none came
    CASE WHEN next.eio_type = 'pong' THEN (next.at_ns - ping.at_ns) / 1e6 END AS latency_ms,  -- between the two, at the tap
    ping.sender                         -- who pinged: the server under Engine.IO 4, the client under 3
  FROM frames AS ping
  LEFT JOIN frames AS next ON next.id = (
    SELECT beat.id FROM frames AS beat
    WHERE beat.session_id = ping.session_id AND beat.id > ping.id AND beat.payload IS NOT 'probe'
      AND ((beat.eio_type = 'pong' AND beat.sender <> ping.sender) OR (beat.eio_type = 'ping' AND beat.sender = ping.sender))
    ORDER BY beat.id LIMIT 1)
  WHERE ping.eio_type = 'ping' AND ping.payload IS NOT 'probe';

CREATE VIEW acks AS
  -- One row an event that asked for an acknowledgement, with its first answer.
  -- The answer is the next ack of the other side with the same id, if that comes before the asker uses the id again.
  SELECT
    asked.session_id,                   -- the session of both
    asked.namespace,                    -- an ack id counts within a namespace
    asked.event,                        -- name of the event that asked
    asked.ack_id,                       -- the id they share
    asked.sender AS asked_by,           -- client server
    asked.id AS asked_frame_id,         -- the event
    CASE WHEN next.sender <> asked.sender THEN next.id END AS answered_frame_id,  -- the ack; NULL where none came
    CASE WHEN next.sender <> asked.sender THEN (next.at_ns - asked.at_ns) / 1e6 END AS latency_ms  -- between the two, at the tap
  FROM frames AS asked
  LEFT JOIN frames AS next ON next.id = (
    SELECT later.id FROM frames AS later
    WHERE later.session_id = asked.session_id AND later.ack_id = asked.ack_id AND later.id > asked.id
      AND later.namespace = asked.namespace
      AND ((later.sio_type IN ('ack', 'binary_ack') AND later.sender <> asked.sender)
        OR (later.sio_type IN ('event', 'binary_event') AND later.sender = asked.sender))
    ORDER BY later.id LIMIT 1)
  WHERE asked.ack_id IS NOT NULL AND asked.sio_type IN ('event', 'binary_event');

CREATE VIEW events AS
  -- One row a Socket.IO event, its arguments without the name.
  SELECT
    id AS frame_id,                     -- the frame
    session_id,                         -- its session
    at_ns,                              -- ns since the Unix epoch at the tap
    sender,                             -- client server
    namespace,                          -- "/" where the wire omits it
    event,                              -- its name
    CASE WHEN json_valid(payload) THEN json_remove(payload, '$[0]') END AS arguments,  -- JSON array; NULL where the payload is no JSON
    ack_id                              -- the acknowledgement it asks for; NULL for none
  FROM frames
  WHERE sio_type IN ('event', 'binary_event');

CREATE VIEW reconnects AS
  -- One row a session, with the time since the one before it in its lineage.
  SELECT
    lineage,                            -- id of the first session of the same client
    id AS session_id,                   -- the session
    LAG(id) OVER lineages AS previous_session_id,  -- the one before it; NULL for the first
    (opened_ns - LAG(ended_ns) OVER lineages) / 1e6 AS gap_ms,  -- between the two; negative where they overlap
    (ended_ns - opened_ns) / 1e6 AS life_ms,  -- how long it lived; NULL where its end is not in the capture
    end_class                           -- how it ended, as in sessions
  FROM sessions
  WINDOW lineages AS (PARTITION BY lineage ORDER BY opened_ns, id);
