-- The timeline, format 1. Comments stand inside the statements, so the file documents itself (`sqlite3 x.db .schema`).
-- Shipped migrations are never edited; a change is a new file.

CREATE TABLE captures (
  -- One row an input: a file, a live tap, a hook log.
  id INTEGER PRIMARY KEY,             -- counts from 1 in the order of recording
  kind TEXT NOT NULL,                 -- pcap live proxy hook client har replay: the door it came through
  source TEXT NOT NULL,               -- file name, interface or URL, as the user gave it
  tap TEXT NOT NULL,                  -- client server proxy-front proxy-back unknown: where the clock stood
  started_ns INTEGER,                 -- first record, ns since the Unix epoch; NULL where there was none
  ended_ns INTEGER,                   -- last record
  tool_version TEXT NOT NULL,         -- of the sioscope that wrote it
  complete_head INTEGER NOT NULL,     -- 0: something had begun before the capture did
  complete_tail INTEGER NOT NULL,     -- 0: the input was cut off
  dropped_packets INTEGER NOT NULL,   -- told by the capturing tool, plus packets cut by a snap length
  packets INTEGER NOT NULL,           -- records read
  bytes INTEGER NOT NULL,             -- bytes of those records as captured
  other_requests INTEGER NOT NULL     -- HTTP requests that were neither Engine.IO nor WebSocket: counted, not stored
) STRICT;

CREATE TABLE connections (
  -- One row a TCP connection (or what a HAR or hook log shows as one).
  id INTEGER PRIMARY KEY,             -- in the order of first packets within a capture
  capture_id INTEGER NOT NULL REFERENCES captures(id),  -- where it was seen
  client_address TEXT NOT NULL,       -- empty where the source does not know
  client_port INTEGER NOT NULL,       -- 0 where the source does not know
  server_address TEXT NOT NULL,       -- empty where the source does not know
  server_port INTEGER NOT NULL,       -- 0 where the source does not know
  opened_ns INTEGER NOT NULL,         -- first packet
  closed_ns INTEGER,                  -- first FIN, RST or WebSocket close; NULL at capture-end
  closed_by TEXT,                     -- client server; NULL at capture-end
  close_kind TEXT,                    -- fin rst websocket-close capture-end
  application TEXT NOT NULL,          -- unknown http websocket tls: what it carried last
  client_known_by TEXT NOT NULL,      -- source syn http endpoint port: how client and server were told apart
  complete_head INTEGER NOT NULL,     -- 0: joined mid-stream
  round_trip_ns INTEGER,              -- SYN to SYN-ACK as the tap saw it
  bytes_client INTEGER NOT NULL,      -- stream bytes the client sent
  bytes_server INTEGER NOT NULL,      -- stream bytes the server sent
  missing_bytes INTEGER NOT NULL,     -- stream bytes the capture misses, both directions
  undecoded_bytes INTEGER NOT NULL,   -- bytes that were there but could not be decoded
  retransmitted_segments INTEGER NOT NULL,  -- TCP segments that only repeated bytes
  other_requests INTEGER NOT NULL     -- its HTTP requests that were neither Engine.IO nor WebSocket
) STRICT;

CREATE TABLE sessions (
  -- One row an Engine.IO session: polling, upgrade and WebSocket of one sid.
  id INTEGER PRIMARY KEY,             -- in the order of their beginnings within a capture
  capture_id INTEGER NOT NULL REFERENCES captures(id),  -- where it was seen
  sid TEXT,                           -- NULL where the capture began after the open packet and no URL names it
  eio_version INTEGER,                -- 3 or 4, from the request that made it; inferred where that is missing
  sio_version INTEGER,                -- 5 under Engine.IO 4, 4 under Engine.IO 3; NULL for a plain Engine.IO application
  parser TEXT,                        -- json msgpack: how its Socket.IO packets are written
  transports TEXT NOT NULL,           -- polling, websocket or polling,websocket: in the order of first use
  path TEXT,                          -- of the URL, without the query
  host TEXT,                          -- Host header
  ping_interval_ms INTEGER,           -- from the open packet
  ping_timeout_ms INTEGER,            -- from the open packet
  max_payload INTEGER,                -- bytes; NULL where the server does not say (before engine.io 6.2)
  upgrades TEXT,                      -- offered in the open packet, joined by commas
  opened_ns INTEGER NOT NULL,         -- its handshake request, or the first frame seen
  ended_ns INTEGER,                   -- NULL at capture-end
  end_class TEXT,                     -- websocket-close fin rst eio-close http-error superseded capture-end; NULL while it runs
  ended_by TEXT,                      -- client server; NULL where nobody did
  close_code INTEGER,                 -- of the WebSocket close frame; NULL for an empty body (what APIs show as 1005)
  lineage INTEGER NOT NULL,           -- id of the first session of the same client, one after the other
  frames_client INTEGER NOT NULL,     -- frames the client sent
  frames_server INTEGER NOT NULL,     -- frames the server sent
  user_agent TEXT,                    -- User-Agent header of its first request
  origin TEXT,                        -- Origin header of its first request
  forwarded_for TEXT,                 -- client address as a proxy named it
  complete_head INTEGER NOT NULL,     -- 0: its open packet is not in the capture
  complete_tail INTEGER NOT NULL,     -- 0: its end is not in the capture
  holes INTEGER NOT NULL              -- places where the capture misses bytes of its streams
) STRICT;

CREATE TABLE exchanges (
  -- One row an HTTP request with its answer: polling, handshakes, refusals, the 101 switch.
  id INTEGER PRIMARY KEY,             -- in the order of requests within a capture
  connection_id INTEGER NOT NULL REFERENCES connections(id),  -- the TCP connection that carried it
  session_id INTEGER REFERENCES sessions(id),  -- NULL where no session came of it
  method TEXT NOT NULL,               -- GET POST OPTIONS ...
  target TEXT NOT NULL,               -- path and query, as sent
  status INTEGER,                     -- NULL where no answer was seen
  requested_ns INTEGER NOT NULL,      -- first byte of the request
  request_ended_ns INTEGER,           -- last byte of the request
  answered_ns INTEGER,                -- first byte of the answer
  responded_ns INTEGER,               -- last byte of the answer
  request_bytes INTEGER NOT NULL,     -- body of the request as it crossed the wire: chunked undone, gzip not
  response_bytes INTEGER NOT NULL,    -- body of the answer, likewise
  error_code INTEGER,                 -- Engine.IO's code of a refusal, 0 to 5
  error_message TEXT,                 -- Engine.IO's message of a refusal
  error_body TEXT,                    -- the body of an answer that is no 2xx and no 101, at most 4 KiB
  user_agent TEXT,                    -- User-Agent header of the request
  origin TEXT,                        -- Origin header of the request
  request_type TEXT,                  -- Content-Type header of the request
  upgrade TEXT,                       -- Upgrade header of the request
  forwarded_for TEXT,                 -- first address of the request's X-Forwarded-For or Forwarded header
  response_type TEXT,                 -- Content-Type header of the answer
  allow_origin TEXT,                  -- Access-Control-Allow-Origin header of the answer
  extensions TEXT,                    -- Sec-WebSocket-Extensions header of the answer
  server TEXT                         -- Server header of the answer, or uWebSockets with its version
) STRICT;

CREATE TABLE frames (
  -- One row a frame: an Engine.IO packet as it crossed the wire, or a WebSocket control frame
  -- (every message of a WebSocket that carries no Engine.IO).
  id INTEGER PRIMARY KEY,             -- ascends in time order within a capture
  session_id INTEGER REFERENCES sessions(id),  -- NULL for what never belonged to a session
  connection_id INTEGER NOT NULL REFERENCES connections(id),  -- the TCP connection that carried it
  at_ns INTEGER NOT NULL,             -- ns since the Unix epoch at the tap, when its last byte arrived
  sender TEXT NOT NULL,               -- client server
  transport TEXT NOT NULL,            -- websocket polling
  layer TEXT NOT NULL,                -- engineio websocket
  opcode INTEGER,                     -- of the WebSocket message: 1 text, 2 binary, 8 close, 9 ping, 10 pong; NULL over polling
  eio_type TEXT,                      -- open close ping pong message upgrade noop; NULL where it is none
  sio_type TEXT,                      -- connect disconnect event ack connect_error binary_event binary_ack attachment
  namespace TEXT,                     -- "/" where the wire omits it
  event TEXT,                         -- name of the event; an attachment carries its header's
  ack_id INTEGER,                     -- an attachment carries its header's
  attachments INTEGER,                -- how many binary messages the header announces; of an attachment: its number, from 0
  close_code INTEGER,                 -- of a close control frame with a body
  size_bytes INTEGER NOT NULL,        -- the message after inflate
  wire_bytes INTEGER NOT NULL,        -- what it cost on the wire
  payload TEXT,                       -- Socket.IO: the JSON after type, namespace and id; else what follows the type digit; a close's reason
  binary BLOB,                        -- bytes of a binary message, base64 undone
  flags TEXT NOT NULL,                -- retransmitted fragmented compressed after-gap batched, joined by commas
  exchange_id INTEGER REFERENCES exchanges(id)  -- of a polling frame: the request or answer that carried it
) STRICT;

CREATE TABLE anomalies (
  -- The decoder saw a specification broken, or the capture incomplete, and went on.
  id INTEGER PRIMARY KEY,             -- in the order they were noticed
  capture_id INTEGER NOT NULL REFERENCES captures(id),  -- where it was seen
  session_id INTEGER REFERENCES sessions(id),  -- NULL where it belongs to none
  connection_id INTEGER REFERENCES connections(id),  -- NULL where it belongs to none
  frame_id INTEGER REFERENCES frames(id),  -- NULL where it belongs to none
  at_ns INTEGER NOT NULL,             -- ns since the Unix epoch at the tap
  code TEXT NOT NULL,                 -- <layer>.<kebab-name>
  detail TEXT NOT NULL                -- what was there, where, and what was expected
) STRICT;

CREATE TABLE findings (
  -- A rule concluded something from frames.
  id INTEGER PRIMARY KEY,             -- in the order they were concluded
  session_id INTEGER REFERENCES sessions(id),  -- NULL where it belongs to none
  frame_id INTEGER REFERENCES frames(id),  -- the frame that shows it best; NULL where there is none
  rule TEXT NOT NULL,                 -- id of the rule
  severity TEXT NOT NULL,             -- error warning note
  status TEXT NOT NULL,               -- confirmed: its consequence is in the capture; latent: it is not
  at_ns INTEGER NOT NULL,             -- when it showed, ns since the Unix epoch
  message TEXT NOT NULL,              -- one sentence for a person
  evidence TEXT NOT NULL              -- JSON: ids of frames, measured times
) STRICT;
