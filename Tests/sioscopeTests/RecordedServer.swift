import Foundation
import HookLog
import Testing
import TimelineModel

/// A server for one client: a recorded session that is played back.
struct RecordedServer {
    /// `ws://127.0.0.1:PORT`
    let url: String
    private let program: RunningProgram

    /// - Parameters:
    ///   - folder: for its files.
    ///   - connect: the client's packet of that name.
    ///   - events: what follows the handshakes, 150 ms apart.
    init(in folder: String, connect: String = "40", _ events: [HookLine.Event]) throws {
        let open =
            #"0{"sid":"one","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        let all: [HookLine.Event] =
            [
                .open(.init(url: "ws://127.0.0.1:9/socket.io/?EIO=4&transport=websocket")),
                RecordingUnderTest.server(open), RecordingUnderTest.client(connect),
                RecordingUnderTest.server(#"40{"sid":"nsp"}"#),
            ] + events
        var text = ""
        for (number, event) in all.enumerated() {
            let at = Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * 150_000_000)
            HookLine(at: at, session: "one", transport: nil, event: event).write(to: &text)
        }
        let (log, timeline) = (folder + "/server.jsonl", folder + "/server.db")
        try text.write(toFile: log, atomically: true, encoding: .utf8)
        let imported = try CommandTests.run(["import", log, "-o", timeline])
        try #require(imported.status == 0, "\(imported.talk)")
        self.program = try RunningProgram(["replay", timeline, "--as", "server", "--listen", "127.0.0.1:0"])
        try self.program.waits(for: "listening on ")
        let address = try #require(self.program.text(.talk).firstMatch(of: #/127\.0\.0\.1:\d+/#)?.output)
        self.url = "ws://\(address)"
    }
}
