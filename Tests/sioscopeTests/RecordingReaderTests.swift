import Foundation
import Testing

@Suite("Recording: others read as it grows")
struct RecordingReaderTests {
    @Test("frames -f shows each frame as it comes, from wherever it began, and ends with 130")
    func follow() throws {
        let recording = try RecordingUnderTest()
        let follow = ["frames", "-f", recording.timeline, "-t", "relative"]
        let early = try RunningProgram(follow)
        try recording.begin()
        try recording.send([RecordingUnderTest.server(#"42["first",1]"#)])
        try early.waits(for: "first", on: .output)
        let late = try RunningProgram(follow)
        let chosen = try RunningProgram([
            "frames", "-f", recording.timeline, "--where", "event IS NOT NULL", "--format", "csv",
        ])
        try late.waits(for: "first", on: .output)
        for number in 2...4 {
            try recording.send([
                RecordingUnderTest.server(#"42["e\#(number)"]"#), RecordingUnderTest.client(#"42["back\#(number)"]"#),
            ])
            // Each is there before the next is sent.
            for follower in [early, late] { try follower.waits(for: " back\(number) ", on: .output) }
            try chosen.waits(for: #"[""back\#(number)""]"#, on: .output)
        }
        // Timed from its own beginning, though they began to read before it did.
        try recording.begin("later")
        for follower in [early, late] { try follower.waits(for: "later-nsp", on: .output) }
        for follower in [early, late, chosen] {
            #expect(follower.isRunning)
            follower.signal(SIGINT)
            #expect(try follower.end() == 130)
            #expect(follower.text(.talk).isEmpty)
        }
        #expect(early.lines(.output) == late.lines(.output))
        // What it has shown is what there is: all of it, once, in order.
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        let whole = try CommandTests.run(["frames", recording.timeline, "-t", "relative", "--heartbeats"])
        // But for the widths of columns: who follows does not know what comes.
        func words(_ text: String) -> [[Substring]] {
            text.split(separator: "\n").map { $0.split(separator: " ") }
        }
        #expect(words(early.text(.output)).dropFirst() == words(whole.output).dropFirst())
        #expect(early.lines(.output).count == 1 + 13)
        #expect(chosen.text(.output).split(separator: "\r\n").count == 1 + 7)
    }

    @Test("sessions, query, analyze and why answer while it records, and do not disturb it")
    func questions() throws {
        let recording = try RecordingUnderTest()
        try recording.begin()
        try recording.send([RecordingUnderTest.client(#"42["a"]"#), RecordingUnderTest.client("2")])
        #expect(try recording.becomes(["5"], "SELECT count(*) FROM frames"))
        #expect(try recording.becomes(["1"], "SELECT count(*) FROM findings"))
        let database = recording.timeline

        let sessions = try CommandTests.run(["sessions", database, "--format", "jsonl"])
        #expect(sessions.status == 0 && sessions.output.contains(#""sid":"one""#), "\(sessions)")
        let query = try CommandTests.run(["query", database, "event-counts", "--format", "csv"])
        #expect(query.status == 0 && query.output.contains("a"), "\(query)")
        let frames = try CommandTests.run(["frames", database, "--where", "event = 'a'"])
        #expect(frames.status == 0 && frames.output.contains(" a "), "\(frames)")
        let analyze = try CommandTests.run(["analyze", database])
        #expect(analyze.output.contains("eio4-client-ping"), "\(analyze)")
        #expect(analyze.talk.split(separator: "\n").count <= 2, "\(analyze)")
        let why = try CommandTests.run(["why", database, "--session", "1"])
        #expect(why.status == 0 && why.output.contains("eio4-client-ping"), "\(why)")

        #expect(recording.program.isRunning)
        try recording.send([RecordingUnderTest.client(#"42["after"]"#)])
        #expect(try recording.becomes(["a", "after"], "SELECT event FROM frames WHERE event IS NOT NULL ORDER BY id"))
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(try recording.rows("SELECT count(*) FROM findings") == ["1"])
    }
}
