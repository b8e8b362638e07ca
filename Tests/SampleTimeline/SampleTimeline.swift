/// A small timeline by hand, with one of everything that a query asks for. Times are milliseconds since its start,
/// 2026-11-23T02:14:00Z.
///
/// - Session 1: polling, upgraded; three acks asked, two answered; four heartbeats of which one is late.
/// - Session 2: the same client again; it pings on its own, the server closes with an empty close frame.
/// - Session 3: once more; one namespace refused, one ping never answered, ended by FIN.
/// - Session 4: an Engine.IO 3 client on polling alone; never connects, is silent for 70 s, ends in an HTTP error.
/// - Session 5: a binary event whose ack misses its attachment; still open when the capture ends.
/// - A refused handshake, a plain WebSocket, a TLS connection.
enum SampleTimeline {
    static let sql = """
        INSERT INTO captures (id, kind, source, tap, started_ns, ended_ns, tool_version, complete_head, complete_tail,
          dropped_packets, packets, bytes, other_requests)
        VALUES (1, 'pcap', 'sample.pcap', 'server', 1795400040000000000, 1795400191000000000, '0.1.0', 1, 1,
          0, 200, 30000, 0);

        INSERT INTO connections (id, capture_id, client_address, client_port, server_address, server_port, opened_ns,
          closed_ns, closed_by, close_kind, application, client_known_by, complete_head, bytes_client, bytes_server,
          missing_bytes, undecoded_bytes, retransmitted_segments, other_requests)
        SELECT column1, 1, column2, column3, '127.0.0.1', column4, 1795400040000000000 + column5 * 1000000,
          1795400040000000000 + column6 * 1000000, column7, column8, column9, 'syn', 1, 100, 100, 0, 0, 0, 0
        FROM (VALUES
          (1, '127.0.0.1', 50001, 4106, 0, 2000, 'client', 'fin', 'http'),
          (2, '127.0.0.1', 50002, 4106, 15, 2000, 'client', 'websocket-close', 'websocket'),
          (3, '127.0.0.1', 50003, 4106, 3000, 3405, 'server', 'websocket-close', 'websocket'),
          (4, '127.0.0.1', 50004, 4106, 63000, 63905, 'server', 'fin', 'websocket'),
          (5, '10.0.0.7', 50005, 4106, 70000, 140041, 'server', 'fin', 'http'),
          (6, '10.0.0.8', 50006, 4106, 150000, NULL, NULL, 'capture-end', 'websocket'),
          (7, '10.0.0.9', 50007, 8080, 150050, 150200, 'server', 'websocket-close', 'websocket'),
          (8, '10.0.0.9', 50008, 443, 150060, NULL, NULL, 'capture-end', 'tls'),
          (9, '10.0.0.6', 50009, 4106, 2490, 2510, 'server', 'fin', 'http'));

        INSERT INTO sessions (id, capture_id, sid, eio_version, sio_version, parser, transports, path, host,
          ping_interval_ms, ping_timeout_ms, max_payload, upgrades, opened_ns, ended_ns, end_class, ended_by, close_code,
          lineage, frames_client, frames_server, user_agent, complete_head, complete_tail, holes)
        SELECT column1, 1, column2, column3, column4, 'json', column5, '/socket.io/', 'localhost',
          column6, column7, 1000000, column8, 1795400040000000000 + column9 * 1000000,
          1795400040000000000 + column10 * 1000000, column11, column12, column13, column14, column15, column16, column17,
          1, column10 IS NOT NULL, 0
        FROM (VALUES
          (1, 'sid-one', 4, 5, 'polling,websocket', 500, 400, 'websocket', 0, 2000,
            'websocket-close', 'client', 1001, 1, 10, 10, 'node'),
          (2, 'sid-two', 4, 5, 'websocket', 500, 400, '', 3000, 3405, 'websocket-close', 'server', NULL, 1, 2, 3, 'node'),
          (3, 'sid-three', 4, 5, 'websocket', 500, 400, '', 63000, 63905, 'fin', 'server', NULL, 1, 3, 4, 'node'),
          (4, 'sid-four', 3, NULL, 'polling', 25000, 5000, 'websocket', 70000, 140040,
            'http-error', 'server', NULL, 4, 2, 2, 'python-requests'),
          (5, 'sid-five', 4, 5, 'websocket', 25000, 20000, '', 150000, NULL, 'capture-end', NULL, NULL, 5, 4, 4, NULL));

        INSERT INTO exchanges (id, connection_id, session_id, method, target, status, requested_ns, request_ended_ns,
          answered_ns, responded_ns, request_bytes, response_bytes, error_code, error_message, user_agent, forwarded_for)
        SELECT column1, column2, column3, column4,
          CASE column5 WHEN '' THEN '/chat' ELSE '/socket.io/?EIO=' || column5 END, column6,
          1795400040000000000 + column7 * 1000000, 1795400040000000000 + column7 * 1000000,
          1795400040000000000 + column8 * 1000000, 1795400040000000000 + column8 * 1000000, column9, column10,
          column11, column12, column13, column14
        FROM (VALUES
          (1, 1, 1, 'GET', '4&transport=polling', 200, 0, 5, 0, 100, NULL, NULL, 'node', NULL),
          (2, 1, 1, 'POST', '4&transport=polling&sid=sid-one', 200, 8, 9, 2, 2, NULL, NULL, 'node', NULL),
          (3, 1, 1, 'GET', '4&transport=polling&sid=sid-one', 200, 10, 12, 0, 30, NULL, NULL, 'node', NULL),
          (4, 1, 1, 'GET', '4&transport=polling&sid=sid-one', 200, 13, 23, 0, 1, NULL, NULL, 'node', NULL),
          (5, 2, 1, 'GET', '4&transport=websocket&sid=sid-one', 101, 15, 18, 0, 0, NULL, NULL, 'node', NULL),
          (6, 9, NULL, 'GET', '3&transport=polling', 400, 2500, 2501, 0, 45, 5, 'Unsupported protocol version',
            'old-client', '203.0.113.9'),
          (7, 3, 2, 'GET', '4&transport=websocket', 101, 3000, 3004, 0, 0, NULL, NULL, 'node', NULL),
          (8, 4, 3, 'GET', '4&transport=websocket', 101, 63000, 63003, 0, 0, NULL, NULL, 'node', NULL),
          (9, 5, 4, 'GET', '3&transport=polling', 200, 70000, 70005, 0, 95, NULL, NULL, 'python-requests', NULL),
          (10, 5, 4, 'GET', '3&transport=polling&sid=sid-four', 200, 70010, 70034, 0, 3, NULL, NULL,
            'python-requests', NULL),
          (11, 5, 4, 'POST', '3&transport=polling&sid=sid-four', 200, 70030, 70031, 3, 2, NULL, NULL,
            'python-requests', NULL),
          (12, 5, 4, 'POST', '3&transport=polling&sid=sid-four', 400, 140034, 140040, 3, 40, 1, 'Session ID unknown',
            'python-requests', NULL),
          (13, 6, 5, 'GET', '4&transport=websocket', 101, 150000, 150004, 0, 0, NULL, NULL, NULL, NULL),
          (14, 7, NULL, 'GET', '', 101, 150050, 150052, 0, 0, NULL, NULL, NULL, NULL));

        INSERT INTO frames (id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type,
          namespace, event, ack_id, attachments, close_code, size_bytes, wire_bytes, payload, binary, flags, exchange_id)
        SELECT column1, column2, column3, 1795400040000000000 + column4 * 1000000, column5, column6,
          CASE WHEN column8 IS NULL THEN 'websocket' ELSE 'engineio' END, column7, column8, column9,
          column10, column11, column12, column13, column14, column15, column16, column17, column18, column19, column20
        FROM (VALUES
          (1, 1, 1, 5, 'server', 'polling', NULL, 'open', NULL, NULL, NULL, NULL, NULL, NULL, 100, 100,
            '{"sid":"sid-one"}', NULL, '', 1),
          (2, 1, 1, 8, 'client', 'polling', NULL, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 2, 2,
            NULL, NULL, '', 2),
          (3, 1, 1, 12, 'server', 'polling', NULL, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 30, 30,
            '{"sid":"a"}', NULL, '', 3),
          (4, 1, 2, 20, 'client', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 6, 12,
            'probe', NULL, '', NULL),
          (5, 1, 2, 22, 'server', 'websocket', 1, 'pong', NULL, NULL, NULL, NULL, NULL, NULL, 6, 8,
            'probe', NULL, '', NULL),
          (6, 1, 1, 23, 'server', 'polling', NULL, 'noop', NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, NULL, NULL, '', 4),
          (7, 1, 2, 25, 'client', 'websocket', 1, 'upgrade', NULL, NULL, NULL, NULL, NULL, NULL, 1, 7,
            NULL, NULL, '', NULL),
          (8, 1, 2, 30, 'client', 'websocket', 1, 'message', 'event', '/', 'chat', 0, NULL, NULL, 20, 26,
            '["chat","hi"]', NULL, '', NULL),
          (9, 1, 2, 40, 'server', 'websocket', 1, 'message', 'ack', '/', NULL, 0, NULL, NULL, 10, 12,
            '["ok"]', NULL, '', NULL),
          (10, 1, 2, 50, 'client', 'websocket', 1, 'message', 'event', '/', 'chat', 1, NULL, NULL, 2000, 300,
            '["chat","long"]', NULL, 'compressed', NULL),
          (11, 1, 2, 80, 'server', 'websocket', 1, 'message', 'ack', '/', NULL, 1, NULL, NULL, 10, 12,
            '["ok"]', NULL, '', NULL),
          (12, 1, 2, 505, 'server', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', NULL),
          (13, 1, 2, 507, 'client', 'websocket', 1, 'pong', NULL, NULL, NULL, NULL, NULL, NULL, 1, 7, NULL, NULL, '', NULL),
          (14, 1, 2, 1005, 'server', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', NULL),
          (15, 1, 2, 1009, 'client', 'websocket', 1, 'pong', NULL, NULL, NULL, NULL, NULL, NULL, 1, 7, NULL, NULL, '', NULL),
          (16, 1, 2, 1505, 'server', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', NULL),
          (17, 1, 2, 1955, 'client', 'websocket', 1, 'pong', NULL, NULL, NULL, NULL, NULL, NULL, 1, 7, NULL, NULL, '', NULL),
          (18, 1, 2, 1960, 'client', 'websocket', 1, 'message', 'event', '/', 'chat', 2, NULL, NULL, 20, 26,
            '["chat","?"]', NULL, '', NULL),
          (19, 1, 2, 1990, 'server', 'websocket', 1, 'message', 'event', '/', 'news', NULL, NULL, NULL, 50, 52,
            '["news",{}]', NULL, '', NULL),
          (20, 1, 2, 2000, 'client', 'websocket', 8, NULL, NULL, NULL, NULL, NULL, NULL, 1001, 5, 11, 'bye', NULL, '', NULL),
          (21, 2, 3, 3005, 'server', 'websocket', 1, 'open', NULL, NULL, NULL, NULL, NULL, NULL, 100, 102,
            '{"sid":"sid-two"}', NULL, '', NULL),
          (22, 2, 3, 3006, 'client', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 2, 8,
            NULL, NULL, '', NULL),
          (23, 2, 3, 3010, 'server', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 30, 32,
            '{"sid":"b"}', NULL, '', NULL),
          (24, 2, 3, 3400, 'client', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 7, NULL, NULL, '', NULL),
          (25, 2, 3, 3405, 'server', 'websocket', 8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 2, '', NULL, '', NULL),
          (26, 3, 4, 63005, 'server', 'websocket', 1, 'open', NULL, NULL, NULL, NULL, NULL, NULL, 102, 104,
            '{"sid":"sid-three"}', NULL, '', NULL),
          (27, 3, 4, 63010, 'client', 'websocket', 1, 'message', 'connect', '/admin', NULL, NULL, NULL, NULL, 25, 31,
            '{"token":"x"}', NULL, '', NULL),
          (28, 3, 4, 63020, 'server', 'websocket', 1, 'message', 'connect_error', '/admin', NULL, NULL, NULL, NULL, 40, 42,
            '{"message":"admins only"}', NULL, '', NULL),
          (29, 3, 4, 63025, 'client', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 2, 8,
            NULL, NULL, '', NULL),
          (30, 3, 4, 63030, 'server', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 30, 32,
            '{"sid":"c"}', NULL, '', NULL),
          (31, 3, 4, 63500, 'server', 'websocket', 1, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', NULL),
          (32, 3, 4, 63600, 'client', 'websocket', 1, 'message', 'event', '/', 'chat', NULL, NULL, NULL, 20, 26,
            '["chat","?"]', NULL, '', NULL),
          (33, 4, 5, 70005, 'server', 'polling', NULL, 'open', NULL, NULL, NULL, NULL, NULL, NULL, 90, 95,
            '{"sid":"sid-four"}', NULL, '', 9),
          (34, 4, 5, 70030, 'client', 'polling', NULL, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', 11),
          (35, 4, 5, 70034, 'server', 'polling', NULL, 'pong', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', 10),
          (36, 4, 5, 140034, 'client', 'polling', NULL, 'ping', NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, NULL, NULL, '', 12),
          (37, 5, 6, 150005, 'server', 'websocket', 1, 'open', NULL, NULL, NULL, NULL, NULL, NULL, 101, 103,
            '{"sid":"sid-five"}', NULL, '', NULL),
          (38, 5, 6, 150010, 'client', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 2, 8,
            NULL, NULL, '', NULL),
          (39, 5, 6, 150012, 'server', 'websocket', 1, 'message', 'connect', '/', NULL, NULL, NULL, NULL, 30, 32,
            '{"sid":"d"}', NULL, '', NULL),
          (40, 5, 6, 150020, 'client', 'websocket', 1, 'message', 'binary_event', '/', 'upload', 7, 2, NULL, 60, 66,
            '["upload",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', NULL, '', NULL),
          (41, 5, 6, 150021, 'client', 'websocket', 2, 'message', 'attachment', '/', 'upload', 7, 0, NULL, 3000, 3008,
            NULL, zeroblob(3000), '', NULL),
          (42, 5, 6, 150023, 'client', 'websocket', 2, 'message', 'attachment', '/', 'upload', 7, 1, NULL, 5, 11,
            NULL, x'0102030405', '', NULL),
          (43, 5, 6, 150030, 'server', 'websocket', 1, 'message', 'binary_ack', '/', NULL, 7, 1, NULL, 40, 42,
            '[{"_placeholder":true,"num":0}]', NULL, '', NULL),
          (44, 5, 6, 150040, 'server', 'websocket', 1, 'message', 'event', '/', 'news', NULL, NULL, NULL, 4000, 500,
            '["news",{}]', NULL, 'compressed', NULL),
          (45, NULL, 7, 150100, 'client', 'websocket', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10, 16,
            'subscribe!', NULL, '', NULL),
          (46, NULL, 7, 150110, 'server', 'websocket', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 12, 14,
            'subscribed!!', NULL, '', NULL),
          (47, NULL, 7, 150200, 'server', 'websocket', 8, NULL, NULL, NULL, NULL, NULL, NULL, 1000, 2, 4, '', NULL, '', NULL));

        INSERT INTO anomalies (id, capture_id, session_id, connection_id, frame_id, at_ns, code, detail)
        SELECT column1, 1, column2, column3, column4, 1795400040000000000 + column5 * 1000000, column6, column7
        FROM (VALUES
          (1, 5, 6, 43, 150040, 'socketio.missing-attachment', 'binary_ack 7 announces 1 attachment, 0 came'),
          (2, NULL, 8, NULL, 150060, 'tls.not-decrypted', 'TLS record 22 at offset 0'),
          (3, NULL, 8, NULL, 150070, 'tls.not-decrypted', 'TLS record 23 at offset 512'));
        """
}
