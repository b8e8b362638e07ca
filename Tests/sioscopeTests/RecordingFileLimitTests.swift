import Foundation
import TestSupport
import Testing

@Suite("Recording: no descriptors are left")
struct RecordingFileLimitTests {
    @Test("rows are stored without another file")
    func rows() throws {
        let recording = try RecordingUnderTest()
        try recording.begin("first")
        let counting = "SELECT count(*) FROM sessions"
        #expect(try recording.becomes(["1"], counting))
        try Self.limitFiles(of: recording.program.id, to: 3)
        // Rows that change pages of earlier commits, many in one statement.
        let text = #"42["tick",""# + String(repeating: "x", count: 200) + #""]"#
        let events = [RecordingUnderTest.client(text)] + Array(repeating: RecordingUnderTest.server(text), count: 9)
        for round in 1...4 {
            for number in 0..<40 {
                try recording.begin("\(round)-\(number)")
                try recording.send(events, session: "\(round)-\(number)")
            }
            #expect(try recording.becomes(["\(1 + round * 40)"], counting))
        }
        try Self.limitFiles(of: recording.program.id, to: 256)
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(recording.lastLine.contains(": 161 sessions, 2083 frames, no findings"))
    }

    @Test("a proxy keeps the clients that it has, tells others what to raise, and takes new ones once some have left")
    func proxy() throws {
        try ExportTests.withFolder { folder in
            let timeline = folder.path + "/t.db"
            let server = try LoopbackSocket.listening()
            let proxy = try RunningProgram(
                [
                    "record", "proxy", "--listen", "127.0.0.1:0", "--to", "http://127.0.0.1:\(server.port)", "-o",
                    timeline,
                ], through: ["sh", "-c", "ulimit -n 100; exec \"$0\" \"$@\""])
            try proxy.waits(for: "listening on ")
            let port = try #require(proxy.text(.talk).firstMatch(of: #/127\.0\.0\.1:(\d+)/#).flatMap { Int($0.1) })
            let room = 18
            var clients: [LoopbackSocket] = []
            var accepted: [LoopbackSocket] = []
            for _ in 0..<room {
                clients.append(try LoopbackSocket.connected(to: port))
                accepted.append(try server.accept())
            }
            let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example\r\n\r\n"
            // All at once: what is beyond those that are answered is closed as it comes.
            let beyond = try (0..<100).map { _ in try LoopbackSocket.connected(to: port) }
            for client in beyond { try? client.send(request) }
            let answers = beyond.map { (try? $0.receiveText()) ?? "" }
            let refused = answers.filter { $0.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") }
            #expect(!refused.isEmpty)
            #expect(
                refused.allSatisfy { $0.contains("may have 100 files open; start it where `ulimit -Hn` gives more") })
            #expect(answers.allSatisfy { $0.isEmpty || $0.hasPrefix("HTTP/1.1 503 ") })
            beyond.forEach { $0.close() }

            func serve(_ client: LoopbackSocket, _ server: LoopbackSocket) throws {
                try client.send(request)
                #expect(try server.receive(exactly: request.utf8.count).count == request.utf8.count)
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                try server.send(answer)
                #expect(try client.receive(exactly: answer.utf8.count) == Array(answer.utf8))
            }
            for (client, server) in zip(clients, accepted) { try serve(client, server) }
            for (client, server) in zip(clients, accepted) {
                client.close()
                #expect(try server.receive() == .ended)
                server.close()
            }
            #expect(try Self.isServed(port, server, serve))
            proxy.signal(SIGINT)
            #expect(try proxy.end() == 130)
            let served = try RecordingUnderTest.rows(
                timeline,
                "SELECT count(*) FROM exchanges JOIN connections ON connections.id = connection_id"
                    + " JOIN captures ON captures.id = capture_id WHERE status = 200 AND tap = 'proxy-front'")
            #expect(served == ["\(room + 1)"])
            #expect(proxy.text(.talk).contains("there is no room for another client, "))
        }
    }

    /// A new client: the proxy may have to hear first that the others have left.
    private static func isServed(
        _ port: Int, _ server: LoopbackSocket, _ serve: (LoopbackSocket, LoopbackSocket) throws -> Void
    ) throws -> Bool {
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        while Date() < limit {
            let client = try LoopbackSocket.connected(to: port)
            guard server.isReadable(within: 500) else { continue }
            try serve(client, try server.accept())
            return true
        }
        return false
    }

    // MARK: Limits of a program that runs

    /// The soft limit alone, so that it can be raised again.
    private static func limitFiles(of process: pid_t, to limit: Int) throws {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        program.arguments = ["--pid", "\(process)", "--nofile=\(limit):"]
        try program.run()
        program.waitUntilExit()
        try #require(program.terminationStatus == 0)
    }
}
