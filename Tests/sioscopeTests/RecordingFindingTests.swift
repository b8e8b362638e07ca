import Foundation
import Testing
import TimelineModel

@Suite("Recording: findings as they happen")
struct RecordingFindingTests {
    @Test("a finding is told by the line that completes it, and stands in the file")
    func told() throws {
        let recording = try RecordingUnderTest()
        try recording.begin()
        try recording.send([RecordingUnderTest.client("2")])
        // Nothing follows that line: neither another one nor the end.
        try recording.program.waits(for: " error eio4-client-ping, session 1: ")
        #expect(
            try recording.becomes(["eio4-client-ping,error,1"], "SELECT rule, severity, session_id FROM findings"))
        #expect(recording.program.isRunning)
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(try recording.rows("SELECT rule FROM findings") == ["eio4-client-ping"])
        // Once as it came, and never again.
        #expect(recording.program.lines(.talk).count { $0.contains("eio4-client-ping") } == 1)
    }

    @Test("what does not come is told when its time is over, not at the end")
    func absence() throws {
        let recording = try RecordingUnderTest()
        let began = Timestamp.now()
        try recording.begin(pingIntervalMs: 300, pingTimeoutMs: 200)
        try recording.program.waits(for: " error server-ping-missed, session 1: ")
        #expect(Timestamp.now().nanoseconds(since: began) >= 500_000_000)
        // Others may follow: that the client takes the silence, say.
        #expect(try recording.becomes(["1"], "SELECT count(*) FROM findings WHERE rule = 'server-ping-missed'"))
        #expect(recording.program.isRunning)
        recording.program.signal(SIGTERM)
        #expect(try recording.program.end() == 143)
        #expect(recording.program.lines(.talk).count { $0.contains("server-ping-missed") } == 1)
        try Self.staysFound("server-ping-missed", recording)
    }

    @Test("--exit-on error: what does not come ends it, and is found in the file")
    func exitOnAbsence() throws {
        let recording = try RecordingUnderTest(["--exit-on", "error"])
        try recording.begin(pingIntervalMs: 300, pingTimeoutMs: 200)
        #expect(try recording.program.end() == 1)
        #expect(recording.lastLine.contains("1 error"))
        try Self.staysFound("server-ping-missed", recording)
    }

    /// In the file as the recording left it, and after it was analysed anew.
    private static func staysFound(_ rule: String, _ recording: RecordingUnderTest) throws {
        let sql = "SELECT rule, session_id, frame_id, at_ns, message FROM findings ORDER BY rule, at_ns"
        let live = try recording.rows(sql)
        #expect(live.count { $0.hasPrefix("\(rule),1,") } == 1, "\(live)")
        let analyzed = try CommandTests.run(["analyze", recording.timeline])
        #expect(analyzed.status == 1, "\(analyzed.talk)")
        #expect(try recording.rows(sql) == live)
        let ended = try recording.rows("SELECT c.ended_ns > max(f.at_ns) FROM captures AS c, frames AS f")
        #expect(ended == ["1"])
    }

    @Test("--exit-on error: ends with 1 at an error, everything written; a warning is only told")
    func exitOn() throws {
        let recording = try RecordingUnderTest(["--exit-on", "error"])
        try recording.begin()
        // A pong that nobody asked for.
        try recording.send([RecordingUnderTest.client("3")])
        try recording.program.waits(for: " warning pong-unsolicited, session 1: ")
        try recording.send([RecordingUnderTest.client(#"42["told"]"#)])
        #expect(try recording.becomes(["told"], "SELECT event FROM frames WHERE event IS NOT NULL"))
        #expect(recording.program.isRunning)
        try recording.send([RecordingUnderTest.client(#"42["last"]"#), RecordingUnderTest.client("2")])
        #expect(try recording.program.end() == 1)
        #expect(try recording.rows("SELECT event FROM frames WHERE event IS NOT NULL ORDER BY id") == ["told", "last"])
        #expect(
            try recording.rows("SELECT rule FROM findings ORDER BY rule") == ["eio4-client-ping", "pong-unsolicited"])
        #expect(
            recording.lastLine
                == "\(recording.timeline): 1 session, 7 frames, 1 error, 1 warning (sioscope analyze "
                + "\(recording.timeline))")
    }

    /// A pong that comes when its finding has been told: it is late then, and not missing.
    private static func takenBack(_ arguments: [String] = []) throws -> RecordingUnderTest {
        let recording = try RecordingUnderTest(arguments)
        try recording.begin(pingIntervalMs: 10_000, pingTimeoutMs: 200)
        try recording.send([RecordingUnderTest.server("2")])
        try recording.program.waits(for: " error pong-missing, session 1: ")
        return recording
    }

    @Test("what was told and does not stand is taken back, in a line and in the summary", arguments: [false, true])
    func takenBack(_ ends: Bool) throws {
        let recording = try Self.takenBack()
        try recording.send([RecordingUnderTest.client("3")])
        #expect(try recording.becomes(["pong"], "SELECT eio_type FROM frames WHERE eio_type = 'pong'"))
        if ends {
            // While it runs, where the session's end shows it.
            try recording.send([.close(.init(by: .server, code: 1000))])
            try recording.program.waits(for: "taken back: error pong-missing, session 1, of ")
            #expect(recording.program.isRunning)
        }
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        let lines = recording.program.lines(.talk).filter { $0.hasPrefix("taken back: ") }
        #expect(lines.count == 1 && lines[0].hasPrefix("taken back: error pong-missing, session 1, of "), "\(lines)")
        #expect(recording.lastLine.contains("; 1 finding taken back"))
        #expect(try recording.rows("SELECT count(*) FROM findings WHERE rule = 'pong-missing'") == ["0"])
    }

    @Test("--exit-on error: what has ended the recording stays its end")
    func exitOnTakenBack() throws {
        let recording = try Self.takenBack(["--exit-on", "error"])
        #expect(try recording.program.end() == 1)
        #expect(!recording.lastLine.contains("taken back"))
    }

    @Test("what is found live is what analyze finds")
    func same() throws {
        let recording = try RecordingUnderTest()
        try recording.begin()
        try recording.send([RecordingUnderTest.client("2"), RecordingUnderTest.client("3")])
        try recording.begin("two")
        try recording.send([RecordingUnderTest.client("2")], session: "two")
        try recording.program.waits(for: "eio4-client-ping, session 2")
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        let sql = "SELECT rule, session_id, frame_id, at_ns, message FROM findings ORDER BY rule, session_id"
        let live = try recording.rows(sql)
        let analyzed = try CommandTests.run(["analyze", recording.timeline])
        #expect(analyzed.status == 1, "\(analyzed.talk)")
        #expect(try recording.rows(sql) == live)
        #expect(live.count == 3)
    }
}
