-- The Engine.IO heartbeat; the probes of an upgrade are none. Conditions and an order follow.
SELECT
  id,
  session_id,
  at_ns,
  sender,
  eio_type,
  -- A heartbeat that carries something or stands next to a loss is shown, never folded.
  coalesce(payload, '') = '' AND instr(flags, 'after-gap') = 0 AS is_plain
FROM frames
WHERE eio_type IN ('ping', 'pong') AND payload IS NOT 'probe' AND session_id IS NOT NULL
