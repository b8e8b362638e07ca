import Foundation
import Queries
import SampleTimeline
import Testing

@Suite("Query results")
struct QueryResultTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let query: String
        var given: [String: SampleDatabase.Value] = [:]
        /// A row a line, values parted by `|`, `-` for NULL.
        let rows: [String]
        var testDescription: String { self.query }
    }

    /// Checked by hand against the sample, whose comment says what happens in it.
    static let cases: [Case] = [
        .init(
            query: "ack-latency",
            rows: [
                "/|chat|client|3|2|10.000|30.000|30.000|30.000",
                "/|upload|client|1|1|10.000|10.000|10.000|10.000",
            ]),
        .init(
            query: "anomalies",
            rows: [
                "tls.not-decrypted|2|0|1|2026-11-23T02:16:30.060Z|TLS record 22 at offset 0",
                "socketio.missing-attachment|1|1|1|2026-11-23T02:16:30.040Z|binary_ack 7 announces 1 attachment, 0 came",
            ]),
        .init(
            query: "before-ends", given: ["frames": .integer(1)],
            rows: [
                "1|websocket-close|client|20|0.000|client|ws-close|-|bye",
                "2|websocket-close|server|25|0.000|server|ws-close|-|",
                #"3|fin|server|32|305.000|client|event|chat|["chat","?"]"#,
                "4|http-error|server|36|6.000|client|ping|-|-",
                #"5|capture-end|-|44|960.000|server|event|news|["news",{}]"#,
            ]),
        .init(
            query: "biggest-messages", given: ["limit": .integer(4)],
            rows: [
                "44|5|server|websocket|event|news|4000|500|-",
                "41|5|client|websocket|attachment|upload|3000|3008|0.003",
                "10|1|client|websocket|event|chat|2000|300|0.002",
                "26|3|server|websocket|open|-|102|104|-",
            ]),
        .init(
            query: "binary-attachments",
            rows: [
                "5|40|client|/|upload|7|2|2|3005|3.000",
                "5|43|server|/|-|7|1|0|0|-",
            ]),
        .init(
            query: "clients",
            rows: [
                "1|127.0.0.1|node|3|3310.000|60595.000|405.000|fin",
                "4|10.0.0.7|python-requests|1|70040.000|0.000|70040.000|http-error",
                "5|10.0.0.8|-|1|1000.000|0.000|1000.000|capture-end",
            ]),
        .init(
            query: "close-codes",
            rows: [
                "client|1001|bye|1|1",
                "server|-|-|1|1",
                "server|1000|-|1|0",
            ]),
        .init(
            query: "compression-gain",
            rows: [
                "-|client|1|0|0|0|-|0",
                "-|server|1|0|0|0|-|0",
                "1|client|9|1|2000|300|85.000|0",
                "1|server|10|0|0|0|-|0",
                "2|client|2|0|0|0|-|0",
                "2|server|2|0|0|0|-|0",
                "3|client|3|0|0|0|-|0",
                "3|server|4|0|0|0|-|0",
                "4|client|2|0|0|0|-|0",
                "4|server|2|0|0|0|-|0",
                "5|client|4|0|0|0|-|1",
                "5|server|4|1|4000|500|87.500|0",
            ]),
        .init(
            query: "connect-errors",
            rows: [
                "/admin|admins only|1|1|28"
            ]),
        .init(
            query: "ends-by-class",
            rows: [
                "capture-end|-|-|1|1000.000|1000.000|1000.000",
                "fin|server|-|1|905.000|905.000|905.000",
                "http-error|server|-|1|70040.000|70040.000|70040.000",
                "websocket-close|client|1001|1|2000.000|2000.000|2000.000",
                "websocket-close|server|-|1|405.000|405.000|405.000",
            ]),
        .init(
            query: "event-counts",
            rows: [
                "/|news|server|2|0|4050|4000|552",
                "/|upload|client|1|1|3065|3000|3085",
                "/|chat|client|4|3|2060|2000|378",
            ]),
        .init(
            query: "heartbeat-latency",
            rows: [
                "1|server|3|3|2.000|4.000|450.000|450.000|450.000|400",
                "2|client|1|0|-|-|-|-|-|400",
                "3|server|1|0|-|-|-|-|-|400",
                "4|client|2|1|4.000|4.000|4.000|4.000|4.000|5000",
            ]),
        .init(
            query: "namespaces",
            rows: [
                "1|/|connected|4.000|-|3|1|-",
                "2|/|connected|4.000|-|0|0|-",
                "3|/|connected|5.000|-|1|0|-",
                #"3|/admin|refused|10.000|{"message":"admins only"}|0|0|-"#,
                "5|/|connected|2.000|-|1|1|-",
            ]),
        .init(
            query: "never-connected",
            rows: [
                "4|sid-four|70040.000|0|0|4|http-error|1"
            ]),
        .init(
            query: "plain-websockets",
            rows: [
                "7|10.0.0.9:50007|127.0.0.1:8080|/chat|2026-11-23T02:16:30.050Z|150.000|1|2|24|websocket-close"
            ]),
        .init(
            query: "polling-overhead",
            rows: [
                "1|4|1|4|1.000|135|132|23.000",
                "4|4|0|4|1.000|146|93|70040.000",
            ]),
        .init(
            query: "reconnect-gaps",
            rows: [
                "1|2|1|websocket-close|client|2000.000|1000.000",
                "1|3|2|websocket-close|server|405.000|59595.000",
            ]),
        .init(
            query: "refused-handshakes",
            rows: [
                "2026-11-23T02:14:02.500Z|400|5|Unsupported protocol version|GET|/socket.io/?EIO=3&transport=polling|203.0.113.9|127.0.0.1:4106|-|old-client"
            ]),
        .init(
            query: "silent-stretches",
            rows: [
                "4|2026-11-23T02:15:10.034Z|70000.000|pong|server|ping|client|35"
            ]),
        .init(
            query: "slow-requests", given: ["limit": .integer(5)],
            rows: [
                "10|4|GET|/socket.io/?EIO=3&transport=polling&sid=sid-four|200|24.000|1",
                "4|1|GET|/socket.io/?EIO=4&transport=polling&sid=sid-one|200|10.000|1",
                "12|4|POST|/socket.io/?EIO=3&transport=polling&sid=sid-four|400|6.000|1",
                "1|1|GET|/socket.io/?EIO=4&transport=polling|200|5.000|1",
                "9|4|GET|/socket.io/?EIO=3&transport=polling|200|5.000|1",
            ]),
        .init(
            query: "slowest-acks",
            rows: [
                "1|/|chat|1|client|30.000|10|11",
                "1|/|chat|0|client|10.000|8|9",
                "5|/|upload|7|client|10.000|40|43",
            ]),
        .init(
            query: "traffic-per-minute",
            rows: [
                "2026-11-23T02:14Z|2|12|13|420|360",
                "2026-11-23T02:15Z|2|4|6|68|279",
                "2026-11-23T02:16Z|2|6|6|3112|695",
            ]),
        .init(
            query: "unanswered-acks",
            rows: [
                "1|/|chat|2|client|18|40.000|websocket-close"
            ]),
        .init(
            query: "unhealthy-heartbeats",
            rows: [
                "1|2026-11-23T02:14:01.505Z|server|late-pong|450.000|400|16",
                "2|2026-11-23T02:14:03.400Z|client|wrong-side|-|400|24",
                "3|2026-11-23T02:15:03.500Z|server|no-pong|-|400|31",
                "4|2026-11-23T02:16:20.034Z|client|no-pong|-|5000|36",
            ]),
        .init(
            query: "upgrades",
            rows: [
                "1|upgraded|20.000|2.000|25.000|0",
                "2|websocket-only|-|-|-|-",
                "3|websocket-only|-|-|-|-",
                "4|not-tried|-|-|-|-",
                "5|websocket-only|-|-|-|-",
            ]),
        .init(
            query: "who-pings",
            rows: [
                "1|4|0|3|3|0|0|0",
                "2|4|1|0|0|0|0|1",
                "3|4|0|1|0|0|0|0",
                "4|3|2|0|0|1|0|0",
                "5|4|0|0|0|0|0|0",
            ]),
    ]

    @Test("the sample gives", arguments: cases)
    func rows(_ c: Case) throws {
        let query = try #require(Queries.named(c.query))
        let parameters = query.defaults.merging(c.given) { _, given in given }
        let rows = try SampleDatabase().query(query.sql, parameters).rows
        #expect(rows.map { $0.map(\.description).joined(separator: "|") } == c.rows)
    }

    @Test(
        "what is no plain WebSocket, and what was refused behind its 101",
        arguments: [
            // Its URL says Engine.IO, and no frame came.
            (
                "DELETE FROM frames WHERE connection_id = 7; UPDATE exchanges SET target = '/x?a=1&EIO=4' WHERE id = 14",
                0, 1
            ),
            (
                "DELETE FROM frames WHERE connection_id = 7; UPDATE exchanges SET target = '/socket.io' WHERE id = 14",
                0, 1
            ),
            (
                "DELETE FROM frames WHERE connection_id = 7; UPDATE exchanges SET target = '/my.engine.io/' WHERE id = 14",
                1, 1
            ),
            // Nothing tells what it would have carried: the handshake was not seen, and no message says it.
            ("DELETE FROM exchanges WHERE id = 14; DELETE FROM frames WHERE connection_id = 7 AND opcode < 8", 0, 1),
            ("DELETE FROM exchanges WHERE id = 14", 1, 1),
            // HTTP in place of the first frame.
            ("DELETE FROM frames WHERE connection_id = 7; \(Self.late)", 0, 2),
            // HTTP behind frames: it was a WebSocket, and broke.
            (Self.late, 1, 1),
        ])
    func plain(_ change: String, _ plain: Int, _ refused: Int) throws {
        let sample = try SampleDatabase()
        try sample.execute(change)
        #expect(try sample.query(Self.sql("plain-websockets"), [:]).rows.count == plain)
        let rows = try sample.query(Self.sql("refused-handshakes"), [:]).rows
        #expect(rows.count == refused)
        #expect(rows.map { $0[1] }.contains(.integer(403)) == (refused == 2))
        // What `sioscope sessions` counts.
        let path = SampleDatabase.packageRoot.appendingPathComponent("Sources/sioscope/SQL/sessions_summary.sql")
        let summary = try sample.query(String(contentsOf: path, encoding: .utf8), [:])
        let counts = Dictionary(uniqueKeysWithValues: zip(summary.columns, summary.rows[0]))
        #expect(counts["plain_websockets"] == .integer(Int64(plain)))
        #expect(counts["refused_requests"] == .integer(Int64(refused)))
    }

    @Test(
        "a namespace whose connect is missing was joined before the capture, where that began later",
        arguments: [
            ("complete_head = 0", "opcode IS opcode", "joined before"),
            ("complete_head = 1", "opcode IS opcode", "unanswered"),
            ("complete_head = 0", "sender = 'server'", "unanswered"),
        ])
    func joinedBefore(_ head: String, _ missing: String, _ outcome: String) throws {
        let sample = try SampleDatabase()
        try sample.execute(
            """
            UPDATE sessions SET \(head) WHERE id = 5;
            DELETE FROM frames WHERE session_id = 5 AND sio_type = 'connect' AND \(missing)
            """)
        let rows = try sample.query(Self.sql("namespaces"), ["session": .integer(5)]).rows
        #expect(rows.map { $0[2] } == [.text(outcome)])
    }

    private static func sql(_ name: String) throws -> String { try #require(Queries.named(name)).sql }

    private static let late = """
        INSERT INTO anomalies (capture_id, connection_id, at_ns, code, detail)
        VALUES (1, 7, 0, 'websocket.http-text',
          'HTTP/1.1 403 Forbidden at offset 129 of the server''s stream; expected a WebSocket frame')
        """

    @Test("every query has a case")
    func complete() {
        #expect(Self.cases.map(\.query) == Queries.all.map(\.name))
    }
}
