import Foundation
import Synchronization
import Recording
import Testing
import TimelineModel

@testable import sioscope

@Suite("the line at the end of the terminal")
struct StatusLineTests {
    /// What a terminal got, through the line and past it.
    private final class Written: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func line(isTerminal: Bool = true) -> StatusLine { StatusLine(isTerminal: isTerminal) { self.add($0) } }
        func say(_ text: String, past line: StatusLine) { line.makeWay(for: Array(text.utf8)) { self.add($0) } }
        private func add(_ bytes: [UInt8]) { self.bytes.withLock { $0 += bytes } }
        var text: String { String(decoding: self.bytes.withLock { $0 }, as: UTF8.self) }
    }

    @Test("what is said stands above it, and it is drawn again")
    func above() {
        let written = Written()
        let line = written.line()
        line.show("1 frame")
        written.say("hello\n", past: line)
        line.show("2")
        #expect(ProgramOnTerminal.screen(written.text.replacing("\n", with: "\r\n")) == ["hello", "2"])
        line.clear()
        written.say("end\n", past: line)
        #expect(ProgramOnTerminal.screen(written.text.replacing("\n", with: "\r\n")) == ["hello", "end", ""])
    }

    @Test("it waits for the end of a line that somebody has begun")
    func amidLine() {
        let written = Written()
        let line = written.line()
        line.show("status")
        written.say("half ", past: line)
        line.show("status 2")
        written.say("a line\n", past: line)
        #expect(ProgramOnTerminal.screen(written.text.replacing("\n", with: "\r\n")) == ["half a line", "status 2"])
    }

    @Test(
        "where it is too narrow for all, what matters most stands in it, whole",
        arguments: [
            (
                100,
                "recording 12s: 3 sessions, 120 frames, 2 errors, 1 warning, 5 packets dropped, 40 frames/s, 1 open"
            ),
            (80, "12s: 40 frames/s, 1 open, 5 dropped, 2 errors, 120 frames, 3 sessions, 1 warning"),
            (70, "12s: 40 frames/s, 1 open, 5 dropped, 2 errors, 120 frames, 3 sessions"),
            (60, "12s: 40 frames/s, 1 open, 5 dropped, 2 errors, 120 frames"), (30, "12s: 40 frames/s, 1 open"),
            (10, "12s: 40 f~"),
        ])
    func narrow(_ width: Int, _ expected: String) {
        var counts = RecordingCounts()
        (counts.sessions, counts.openSessions, counts.frames, counts.dropped) = (3, 1, 120, 5)
        counts.findings = [.error: 2, .warning: 1]
        let line = RecordingLine(elapsed: "12s", counts: counts, framesPerSecond: 40)
        #expect(line.text(width: width, ellipsis: "~") == expected)
        #expect(line.text(width: nil, ellipsis: "~").hasPrefix("recording 12s: "))
    }

    @Test("without a terminal, or once it is off, nothing is added to what is said")
    func elsewhere() {
        for isOff in [false, true] {
            let written = Written()
            let line = written.line(isTerminal: isOff)
            if isOff { line.turnOff() }
            line.show("status")
            written.say("hello\n", past: line)
            line.clear()
            #expect(written.text == "hello\n")
        }
    }

    @Test("a client's events, its own news and the summary each have a line, on a terminal that shows counts")
    func client() throws {
        try ExportTests.withFolder { url in
            let folder = url.path
            let questions = (1...9).map { RecordingUnderTest.server("42[\"question\",\"\($0)\"]") }
            let server = try RecordedServer(
                in: folder, questions + [RecordingUnderTest.server(#"42["question","last"]"#)])
            let client = try ProgramOnTerminal([
                "record", "client", server.url, "--no-reconnect", "-o", folder + "/t.db",
            ])
            try client.waits(for: "[\"last\"]")
            client.signal(SIGINT)
            #expect(try client.end() == 130)
            // The counts were there all the time.
            #expect(client.text.contains(" frames/s"))
            let screen = ProgramOnTerminal.screen(client.text)
            #expect(screen.allSatisfy { !$0.contains("frames/s") }, "\(screen)")
            #expect(screen.filter { $0.hasPrefix("connected to / as ") }.count == 1, "\(screen)")
            let events = screen.filter {
                $0.wholeMatch(of: #/\d\d:\d\d:\d\d\.\d+  /  question  \["(\d|last)"\]/#) != nil
            }
            #expect(events.count == 10, "\(screen)")
            #expect(screen.filter { $0.hasPrefix(folder + "/t.db: 1 session, ") }.count == 1, "\(screen)")
        }
    }
}
