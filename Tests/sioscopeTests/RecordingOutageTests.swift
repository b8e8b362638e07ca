import Foundation
import TestSupport
import Testing

@Suite("Recording: a proxy whose server is down")
struct RecordingOutageTests {
    @Test("tells it on stderr once, and in the summary; why, sessions and the query agree")
    func down() throws {
        try ExportTests.withFolder { folder in
            let dead = try LoopbackSocket.listening()
            let url = "http://127.0.0.1:\(dead.port)"
            dead.close()
            let timeline = folder.path + "/t.db"
            let proxy = try RunningProgram([
                "record", "proxy", "--listen", "127.0.0.1:0", "--to", url, "-o", timeline,
            ])
            try proxy.waits(for: "listening on ")
            let port = try #require(proxy.text(.talk).firstMatch(of: #/127\.0\.0\.1:(\d+)/#).flatMap { Int($0.1) })
            for _ in 0..<3 {
                let client = try LoopbackSocket.connected(to: port)
                try client.send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example\r\n\r\n")
                #expect(try client.receiveText().hasPrefix("HTTP/1.1 502 "))
                client.close()
            }
            #expect(try Self.becomes(["3"], timeline, "SELECT count(*) FROM exchanges WHERE status = 502"))
            proxy.signal(SIGINT)
            #expect(try proxy.end() == 130)
            let reason = "\(url) cannot be reached: connection refused"
            #expect(
                proxy.lines(.talk).dropFirst() == [
                    reason,
                    "\(timeline): 0 sessions, 0 frames, no findings; "
                        + "3 connections of clients got no answer of the server",
                ])

            let why = try CommandTests.run(["why", timeline])
            let said = why.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(said == "No session came of a request of \"/socket.io/\", 3 times answered 502: \(reason).")
            let query = try CommandTests.run(["query", timeline, "refused-handshakes", "--format", "csv"])
            #expect(
                query.output.split(separator: "\r\n").filter { $0.contains(",502,,sioscope proxy: \(reason),") }.count
                    == 3)
            #expect(
                try CommandTests.run(["sessions", timeline]).talk.contains(
                    "; 3 refused requests (query refused-handshakes)"))
        }
    }

    @Test(
        "what cannot be listened on is told in a line that says what to do",
        arguments: [
            (
                ["proxy", "--to", "http://127.0.0.1:1", "--listen", "nosuchhost.invalid:0"],
                "nosuchhost.invalid is no name that is known here; give an address of this machine with --listen"
            ),
            (
                ["hook", "--listen", "nosuchhost.invalid:0"],
                "--listen nosuchhost.invalid:0: this is no name that is known here; give an address of this machine"
            ),
            (
                ["hook", "--listen", "127.0.0.1:0", "--token", ""],
                "--token is empty; give one that nobody guesses, or @FILE"
            ),
        ])
    func cannotListen(_ arguments: [String], _ line: String) throws {
        let outcome = try CommandTests.run(["record"] + arguments + ["-o", "/tmp/sioscope-\(UUID().uuidString).db"])
        #expect(outcome.status == 2)
        #expect(outcome.talk == "sioscope: error: \(line)\n")
    }

    @Test("an argument that is no text is refused before anything is made")
    func noText() throws {
        let script = #"exec "$0" record hook --listen unix:/nowhere/s -o "$(printf 'a\377\376 b.db')""#
        let program = try RunningProgram(["--"], through: ["sh", "-c", script, CommandTests.program.path])
        #expect(try program.end() == 2)
        #expect(
            program.text(.talk)
                == "sioscope: error: argument 6, 'a\\xff\\xfe b.db', is not UTF-8; give a name that is\n")
    }

    @Test("each way of recording lists all that it ends with", arguments: ["client", "proxy", "pcap", "hook"])
    func exitStatus(_ name: String) throws {
        let help = try CommandTests.run(["record", name, "--help"]).output
        for line in [
            "1    ended by --exit-on", "130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written",
        ] {
            #expect(help.contains(line))
        }
    }

    private static func becomes(_ rows: [String], _ timeline: String, _ sql: String) throws -> Bool {
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        while try RecordingUnderTest.rows(timeline, sql) != rows { if Date() > limit { return false } }
        return true
    }
}
