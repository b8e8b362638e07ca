import EngineIO
import Foundation
import NIOPosix
import Replay
import ReplayDrivers
import Taps
import TestSupport
import TimelineModel

/// A server's role whose answers are a closure; keeps what it was told.
struct ScriptedRole: ServerRole {
    var events: [ServerEvent] = []
    var deadline: Timestamp?
    var isFinished = false
    let answer: @Sendable (inout ScriptedRole, ServerEvent, Timestamp) -> [ServerAction]

    init(_ answer: @escaping @Sendable (inout ScriptedRole, ServerEvent, Timestamp) -> [ServerAction]) {
        self.answer = answer
    }

    mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        self.events.append(event)
        return self.answer(&self, event, now)
    }

    /// Answers each request with its own target, accepts each WebSocket, and echoes its messages.
    static let echo = ScriptedRole { role, event, _ in
        switch event {
        case .request(let request, let number):
            if request.header("Upgrade") != nil { return [.acceptWebSocket(on: number, deflate: true)] }
            return [.respond(HTTPResponse(status: 200, body: Array(request.target.utf8)), on: number)]
        case .message(let content, let number): return [.send(content, on: number)]
        default: return []
        }
    }
}

/// A driver of a scripted role that listens on loopback.
final class ServerUnderTest {
    let driver: ServerDriver<ScriptedRole>
    let port: Int
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(
        _ role: ScriptedRole, clock: SteadyClock = SteadyClock(), witness: (any WireWitness)? = nil,
        settings: ServerDriver<ScriptedRole>.Settings = .init()
    ) throws {
        self.driver = ServerDriver(
            role, on: self.group.next(), clock: clock, witness: witness, settings: settings)
        self.port = try self.driver.listen(on: HostPort(host: "127.0.0.1", port: 0)).port
    }

    func connect() throws -> LoopbackSocket { try LoopbackSocket.connected(to: self.port) }

    func stop() -> ServerDriver<ScriptedRole>.Stopped {
        let stopped = self.driver.stop()
        try? self.group.syncShutdownGracefully()
        return stopped
    }
}

extension LoopbackSocket {
    static let handshake =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

    /// Up to and with the empty line that ends a head.
    func receiveHead() throws -> String {
        var text = ""
        while !text.hasSuffix("\r\n\r\n"), case .bytes(let byte) = try self.receive(atMost: 1) {
            text += String(decoding: byte, as: UTF8.self)
        }
        return text
    }

    func upgrade() throws {
        try self.send(Self.handshake + "\r\n")
        _ = try self.receiveHead()
    }

    /// A frame of a client, masked with zeros; of at most 125 bytes.
    func sendFrame(_ first: UInt8, _ payload: some Collection<UInt8>) throws {
        try self.send([first, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + Array(payload))
    }

    func sendFrame(_ text: String) throws { try self.sendFrame(0x81, Array(text.utf8)) }
}
