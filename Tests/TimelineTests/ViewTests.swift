import Testing
import TimelineModel

@testable import Timeline

@Suite("Views")
struct ViewTests {
    let folder: TemporaryFolder
    var path: String { self.folder.file("x.db") }

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func write(frames: [Frame], sessions: [SessionFacts] = []) throws {
        var batch = TimelineBatch()
        batch.frames = frames
        batch.sessions = sessions
        try Sample.write(batch, to: self.path)
    }

    @Test("heartbeats: answered, unanswered, of both senders; no probes")
    func heartbeats() throws {
        try self.write(frames: [
            // A probe of the upgrade.
            Sample.frame(1, .client, .ping, payload: "probe"),
            Sample.frame(2, .server, .pong, payload: "probe"),
            // Session 1 answers the first ping; session 2's frames stand between.
            Sample.frame(3, at: 100, .server, .ping),
            Sample.frame(4, session: 2, at: 101, .client, .pong),
            Sample.frame(5, at: 103, .client, .message, payload: "x"),
            Sample.frame(6, at: 107, .client, .pong),
            // It does not answer the second: the third one's pong is not the second's.
            Sample.frame(7, at: 200, .server, .ping),
            Sample.frame(8, at: 300, .server, .ping),
            Sample.frame(9, at: 302, .client, .pong),
            // A client that pings under Engine.IO 4: the server says nothing of it, and pings on its own.
            Sample.frame(10, at: 400, .client, .ping),
            Sample.frame(11, at: 401, .client, .pong),
            Sample.frame(12, at: 500, .server, .ping),
            // Engine.IO 3: the client pings.
            Sample.frame(13, session: 3, at: 600, .client, .ping),
            Sample.frame(14, session: 3, at: 604, .server, .pong),
        ])
        let at = { (milliseconds: Int64) in "\(Sample.at(milliseconds).nanoseconds)" }
        #expect(
            try rows(
                self.path,
                "SELECT session_id, ping_frame_id, pong_frame_id, pinged_ns, ponged_ns, latency_ms, sender "
                    + "FROM heartbeats ORDER BY ping_frame_id") == [
                    "1|3|6|\(at(100))|\(at(107))|7.0|server",
                    "1|7||\(at(200))|||server",
                    "1|8|9|\(at(300))|\(at(302))|2.0|server",
                    "1|10||\(at(400))|||client",
                    "1|12||\(at(500))|||server",
                    "3|13|14|\(at(600))|\(at(604))|4.0|client",
                ])
    }

    @Test("acks: by session, namespace, sender and id; unanswered; an id used again")
    func acks() throws {
        try self.write(frames: [
            Sample.packet(1, at: 10, .client, .event, event: "a", ack: 1),
            // The same id in another session, in another namespace, and asked by the other side.
            Sample.packet(2, session: 2, at: 11, .client, .event, event: "b", ack: 1),
            Sample.packet(3, at: 12, .client, .event, event: "c", ack: 1, namespace: "/admin"),
            Sample.packet(4, at: 13, .server, .binaryEvent, event: "d", ack: 1),
            Sample.packet(5, at: 14, .client, .attachment, event: "d", ack: 1),
            // Answers, not in the order of the questions.
            Sample.packet(6, at: 20, .server, .ack, ack: 1, namespace: "/admin"),
            Sample.packet(7, session: 2, at: 21, .server, .binaryAck, ack: 1),
            Sample.packet(8, at: 22, .client, .ack, ack: 1),
            Sample.packet(9, at: 23, .server, .ack, ack: 1),
            Sample.packet(10, at: 24, .server, .ack, ack: 1),
            // Never answered, and then the same id is used again.
            Sample.packet(11, at: 30, .client, .event, event: "e", ack: 2),
            Sample.packet(12, at: 40, .client, .event, event: "f", ack: 2),
            Sample.packet(13, at: 45, .server, .ack, ack: 2),
            // Asks for nothing.
            Sample.packet(14, at: 50, .client, .event, event: "g"),
        ])
        #expect(
            try rows(
                self.path,
                "SELECT session_id, namespace, event, ack_id, asked_by, asked_frame_id, answered_frame_id, latency_ms "
                    + "FROM acks ORDER BY asked_frame_id") == [
                    "1|/|a|1|client|1|9|13.0",
                    "2|/|b|1|client|2|7|10.0",
                    "1|/admin|c|1|client|3|6|8.0",
                    "1|/|d|1|server|4|8|9.0",
                    "1|/|e|2|client|11||",
                    "1|/|f|2|client|12|13|5.0",
                ])
    }

    @Test("events: the arguments without the name, or NULL where they are no JSON")
    func events() throws {
        try self.write(frames: [
            Sample.packet(1, .client, .event, event: "a", payload: #"["a",1,{"b":[2]}]"#),
            Sample.packet(2, .server, .binaryEvent, event: "b", ack: 5, payload: #"["b"]"#),
            Sample.packet(3, .server, .event, event: nil, payload: #"["c",cut"#),
            Sample.packet(4, .server, .ack, ack: 5, payload: "[1]"),
            Sample.frame(5, .server, .message, payload: "plain"),
        ])
        let at = { (milliseconds: Int64) in "\(Sample.at(milliseconds).nanoseconds)" }
        #expect(
            try rows(
                self.path,
                "SELECT frame_id, session_id, at_ns, sender, namespace, event, arguments, ack_id FROM events ORDER BY 1"
            )
                == [
                    #"1|1|\#(at(1))|client|/|a|[1,{"b":[2]}]|"#, "2|1|\(at(2))|server|/|b|[]|5",
                    "3|1|\(at(3))|server|/|||",
                ])
    }

    @Test("reconnects: gaps and lives within a lineage")
    func reconnects() throws {
        let session = { (id: Int64, lineage: Int64, opened: Int64, ended: Int64?, end: EndClass?) in
            var facts = SessionFacts(id: id, sid: "s\(id)", opened: Sample.at(opened))
            facts.lineage = lineage
            facts.ended = ended.map(Sample.at)
            facts.endClass = end
            return facts
        }
        try self.write(
            frames: [],
            sessions: [
                session(1, 1, 0, 100, .webSocketClose), session(2, 2, 10, nil, .captureEnd),
                session(3, 1, 1100, 1200, .rst), session(4, 1, 1150, nil, nil),
            ])
        #expect(
            try rows(
                self.path,
                "SELECT lineage, session_id, previous_session_id, gap_ms, life_ms, end_class "
                    + "FROM reconnects ORDER BY session_id") == [
                    "1|1|||100.0|websocket-close", "2|2||||capture-end", "1|3|1|1000.0|100.0|rst", "1|4|3|-50.0||",
                ])
    }

    struct Plan: CustomTestStringConvertible, Sendable {
        let sql: String
        let uses: [String]
        var testDescription: String { self.sql }
    }

    @Test(
        "query plans use the indexes",
        arguments: [
            Plan(
                sql: "SELECT * FROM heartbeats",
                uses: ["SCAN ping", "beat USING INDEX frames_by_session (session_id=? AND rowid>?)"]),
            Plan(
                sql: "SELECT * FROM heartbeats WHERE session_id = 1",
                uses: ["ping USING INDEX frames_by_session (session_id=?)"]),
            Plan(
                sql: "SELECT * FROM acks",
                uses: [
                    "asked USING INDEX frames_by_ack",
                    "later USING INDEX frames_by_ack (session_id=? AND ack_id=? AND rowid>?)",
                ]),
            Plan(
                sql: "SELECT * FROM acks WHERE session_id = 1", uses: ["asked USING INDEX frames_by_ack (session_id=?"]),
            Plan(
                sql: "SELECT * FROM events WHERE session_id = 1",
                uses: ["frames USING INDEX frames_by_session (session_id=?)"]),
            Plan(
                sql: "SELECT * FROM frames WHERE session_id = 1 ORDER BY id",
                uses: ["frames USING INDEX frames_by_session (session_id=?)"]),
            Plan(
                sql: "SELECT * FROM exchanges WHERE session_id = 1",
                uses: ["exchanges USING INDEX exchanges_by_session"]),
            Plan(
                sql: "SELECT * FROM anomalies WHERE session_id = 1",
                uses: ["anomalies USING INDEX anomalies_by_session"]),
        ])
    func plans(_ plan: Plan) throws {
        try self.write(frames: [])
        var steps: [String] = []
        try TimelineReader(path: self.path).query("EXPLAIN QUERY PLAN " + plan.sql) { steps.append($0[3].text) }
        for use in plan.uses {
            #expect(steps.contains { $0.contains(use) }, "\(use) is not in \(steps)")
        }
        #expect(!steps.contains { $0.contains("TEMP B-TREE") }, "\(steps)")
    }
}
