import Foundation
import HookLog
import TestSupport
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
    ///   - stepMs: between two lines.
    ///   - events: what follows the handshakes.
    init(in folder: String, connect: String = "40", stepMs: Int64 = 150, _ events: [HookLine.Event]) throws {
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
            let at = Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * stepMs * 1_000_000)
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

/// Stands between a client and a server, and breaks in: once the server has said something, the client gets bytes of
/// nobody's in the middle of its stream.
final class IntrudedServer: Sendable {
    let url: String

    /// - Parameters:
    ///   - mark: the intrusion comes right behind it.
    ///   - bytes: the intrusion.
    init(_ server: RecordedServer, behind mark: String, _ bytes: [UInt8]) throws {
        let door = try LoopbackSocket.listening()
        self.url = "ws://127.0.0.1:\(door.port)"
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        Thread.detachNewThread {
            guard let client = try? door.accept(), let peer = try? LoopbackSocket.connected(to: port) else { return }
            Thread.detachNewThread { Self.pump(from: client, to: peer) { $0 } }
            var seen: [UInt8] = []
            var isDone = false
            Self.pump(from: peer, to: client) { piece in
                seen += piece
                guard !isDone, seen.indices.contains(where: { seen[$0...].starts(with: mark.utf8) }) else {
                    return piece
                }
                isDone = true
                return piece + bytes
            }
        }
    }

    private static func pump(from one: LoopbackSocket, to other: LoopbackSocket, _ change: ([UInt8]) -> [UInt8]) {
        while case .bytes(let bytes)? = try? one.receive() {
            guard (try? other.send(change(bytes))) != nil else { break }
        }
        other.endOutput()
    }
}
