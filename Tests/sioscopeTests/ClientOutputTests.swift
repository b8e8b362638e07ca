import Foundation
import HookLog
import TestSupport
import Testing

@testable import sioscope

@Suite("record client: what is printed, and what is found", .timeLimit(.minutes(10)))
struct ClientOutputTests {
    /// A pipe in the file system, held open, so that nobody waits for its other end.
    private final class Fifo {
        let descriptor: Int32

        init(_ path: String) throws {
            try #require(mkfifo(path, 0o600) == 0)
            self.descriptor = open(path, O_RDWR | O_CLOEXEC)
            try #require(self.descriptor >= 0)
        }

        deinit { close(self.descriptor) }
    }

    private static func client(_ arguments: [String], printingTo path: String) throws -> RunningProgram {
        try RunningProgram(
            ["record", "client"] + arguments,
            through: ["sh", "-c", #"path=$1; shift; exec "$@" >"$path""#, "sh", path])
    }

    @Test("a reader that takes nothing holds up neither the recording nor its end", arguments: [SIGINT, SIGTERM])
    func stalled(_ signal: Int32) throws {
        try ExportTests.withFolder { folder in
            let fifo = try Fifo(folder.path + "/out")
            // More than a pipe holds, and more than may wait for handlers.
            let text = String(repeating: "x", count: 200)
            let events = (0..<5000).map { RecordingUnderTest.server(#"42["e",\#($0),"\#(text)"]"#) }
            let server = try RecordedServer(in: folder.path, stepMs: 0, events)
            let timeline = folder.path + "/t.db"
            let client = try Self.client([server.url, "-o", timeline], printingTo: folder.path + "/out")
            try client.waits(for: "connected to / as nsp")
            let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
            while try RecordingUnderTest.rows(timeline, "SELECT count(*) FROM frames WHERE event = 'e'") != ["5000"] {
                try #require(Date() < limit, "\(client.text(.talk))")
            }
            client.signal(signal)
            #expect(try client.end() == 128 + signal)
            let count = try #require(client.lines(.talk).last?.firstMatch(of: #/; (\d+) events not printed/#))
            #expect((1...5000).contains(Int(count.1) ?? 0))
            _ = fifo
        }
    }

    @Test(
        "frames that RFC 6455 does not allow are found as in a capture, and named in the client's close frame",
        arguments: [
            ([0x81, 0x82, 0, 0, 0, 0, 0x32, 0x32], "ws-masked-server-frame", "1002 a server's frame is masked"),
            ([0xC1, 1, 0x32], "ws-rsv-without-extension", "1002 a reserved bit of a frame is set"),
            ([0x83, 0], "ws-control-frame-invalid", "1002 a frame of the reserved type 3"),
            (
                [0x89, 126, 0, 126] + [UInt8](repeating: 0, count: 126), "ws-control-frame-invalid",
                "1002 a control frame that is too long"
            ),
            ([0x09, 0], "ws-control-frame-invalid", "1002 a control frame that is fragmented"),
            ([0x80, 0], "ws-control-frame-invalid", "1002 a continuation without a beginning"),
            ([0x01, 1, 0x34, 0x81, 1, 0x34], "ws-control-frame-invalid", "1002 a new message inside a fragmented one"),
            ([0x88, 1, 3], "ws-close-code-invalid", "1002 a close frame with a body of 1 byte"),
            ([0x88, 2, 3, 0xED], "ws-close-code-invalid", "empty"),
            ([0x88, 3, 0x0F, 0xA0, 0xFF], "ws-invalid-utf8", "4000 "),
        ] as [([UInt8], String, String)])
    func finds(_ bytes: [UInt8], _ rule: String, _ close: String) throws {
        try ExportTests.withFolder { folder in
            // One more line, so that the server does not end it by itself.
            let server = try RecordedServer(in: folder.path, stepMs: 1000, [RecordingUnderTest.client("3")])
            let intruded = try IntrudedServer(server, behind: #""nsp"}"#, bytes)
            let timeline = folder.path + "/t.db"
            let client = try RunningProgram(["record", "client", intruded.url, "--no-reconnect", "-o", timeline])
            #expect(try client.end() == 0)
            #expect(try RecordingUnderTest.rows(timeline, "SELECT DISTINCT rule FROM findings") == [rule])
            let said = try RecordingUnderTest.rows(
                timeline,
                """
                SELECT coalesce(close_code || ' ' || coalesce(payload, ''), 'empty') FROM frames
                WHERE sender = 'client' AND opcode = 8
                """)
            #expect(said == [close])
        }
    }

    @Test("a server that says nothing is an error where the time was up, and none for who does not wait")
    func silent() throws {
        try ExportTests.withFolder { folder in
            let door = try LoopbackSocket.listening()
            let url = "ws://127.0.0.1:\(door.port)"
            let arguments = ["record", "client", url, "-o", folder.path + "/t.db"]
            let timed = try RunningProgram(arguments + ["--duration", "1"])
            #expect(try timed.end() == 2)
            #expect(
                timed.lines(.talk).last
                    == "sioscope: error: \(url)/socket.io/?EIO=4&transport=websocket: no session came about; "
                    + "the server had sent nothing when the recording ended")
            let signalled = try RunningProgram(arguments)
            try signalled.waits(for: "connecting to")
            signalled.signal(SIGINT)
            #expect(try signalled.end() == 130)
        }
    }

    @Test("a line of standard input that is no UTF-8 is left out with a word, and not repaired")
    func badInput() throws {
        try ExportTests.withFolder { folder in
            let server = try RecordedServer(
                in: folder.path, stepMs: 1,
                [RecordingUnderTest.client(#"42["good"]"#), RecordingUnderTest.server(#"42["end"]"#)])
            let timeline = folder.path + "/t.db"
            let client = try RunningProgram(
                ["record", "client", server.url, "--emit-stdin", "--no-reconnect", "-o", timeline],
                through: ["sh", "-c", #"printf '["bad \377 utf8"]\n["good"]\n' | "$@""#, "sh"])
            _ = try client.end()
            #expect(
                client.lines(.talk).contains(
                    "standard input, line 1: it is no UTF-8, from byte 7 on; the line is left out"))
            #expect(
                try RecordingUnderTest.rows(
                    timeline, "SELECT event FROM frames WHERE sender = 'client' AND event IS NOT NULL") == ["good"])
        }
    }
}
