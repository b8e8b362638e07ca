import EngineIO
import NIOPosix
import Replay
import ReplayDrivers
import TimelineModel

/// A client's role whose actions are a closure; keeps what it was told.
struct ScriptedClientRole: ClientRole {
    typealias Reaction = @Sendable (inout ScriptedClientRole, ClientEvent, Timestamp) -> [ClientAction]

    var events: [ClientEvent] = []
    var deadline: Timestamp?
    var isFinished = false
    private let react: Reaction

    init(_ react: @escaping Reaction) { self.react = react }

    mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [ClientAction] {
        self.events.append(event)
        return self.react(&self, event, now)
    }

    /// Opens WebSocket 0, sends these, and is done with its end.
    static func webSocket(
        sending messages: [EngineIOPacket.Content] = [],
        then react: @escaping Reaction = { _, _, _ in [] }
    ) -> ScriptedClientRole {
        ScriptedClientRole { role, event, now in
            switch event {
            case .begin: return [.openWebSocket(target: "/socket.io/?EIO=4&transport=websocket", headers: [], as: 0)]
            case .webSocketOpened: return messages.map { .send($0, on: 0) } + react(&role, event, now)
            case .closed, .webSocketRefused:
                role.isFinished = true
                return []
            default: return react(&role, event, now)
            }
        }
    }

    /// Asks for these one after the other, and is done then.
    static func requests(_ requests: [HTTPRequest]) -> ScriptedClientRole {
        ScriptedClientRole { role, event, _ in
            let next: Int
            switch event {
            case .begin: next = 0
            case .response(_, let number): next = number + 1
            default:
                role.isFinished = true
                return []
            }
            guard next < requests.count else {
                role.isFinished = true
                return []
            }
            return [.request(requests[next], as: next)]
        }
    }
}

/// A driver of a scripted client.
final class ClientUnderTest {
    let driver: ClientDriver<ScriptedClientRole>
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(
        _ role: ScriptedClientRole, port: Int, isTLS: Bool = false, acceptsAny: Bool = false,
        settings: ClientDriver<ScriptedClientRole>.Settings = .init()
    ) throws {
        let target = ClientTarget(
            isTLS: isTLS, host: "127.0.0.1", port: port, authority: "127.0.0.1:\(port)",
            acceptsAnyCertificate: acceptsAny)
        self.driver = try ClientDriver(role, to: target, on: self.group.next(), settings: settings)
        self.driver.begin()
    }

    /// Waits until the role is finished.
    func finish() throws -> ClientDriver<ScriptedClientRole>.Stopped {
        let result = Result { try self.driver.finished.wait() }
        let stopped = self.driver.stop()
        try? self.group.syncShutdownGracefully()
        try result.get()
        return stopped
    }
}
