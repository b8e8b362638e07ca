import EngineIO
import Replay
import TimelineModel

/// A server that does what a closure says, and remembers what it heard.
struct ScriptedServer: ServerRole {
    typealias Reaction = @Sendable (inout ScriptedServer, ServerEvent, Timestamp) -> [ServerAction]

    var deadline: Timestamp?
    var isFinished = false
    var heard: [ServerEvent] = []
    var count = 0
    private let react: Reaction

    init(_ react: @escaping Reaction) { self.react = react }

    mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        self.heard.append(event)
        return self.react(&self, event, now)
    }

    /// Opens a WebSocket, then pings each `interval` until `pings` were sent, and closes.
    static func heartbeat(intervalMs: Int, pings: Int) -> ScriptedServer {
        ScriptedServer { server, event, now in
            switch event {
            case .request(_, let connection):
                server.deadline = now.advanced(byNs: Int64(intervalMs) * 1_000_000)
                let handshake =
                    #"0{"sid":"abc","upgrades":[],"pingInterval":\#(intervalMs),"pingTimeout":20000,"maxPayload":1000000}"#
                return [.acceptWebSocket(on: connection, deflate: false), .send(.text(handshake), on: connection)]
            case .message(.text(let text), let connection) where text.hasPrefix("40"):
                return [.send(.text(#"40{"sid":"s"}"#), on: connection)]
            case .timePassed:
                server.count += 1
                guard server.count <= pings else {
                    server.deadline = nil
                    return [.end(.webSocketClose(code: nil, reason: ""), on: 0)]
                }
                server.deadline = server.deadline?.advanced(byNs: Int64(intervalMs) * 1_000_000)
                return [.send(.text("2"), on: 0)]
            case .closed, .clientGone:
                server.isFinished = true
                return []
            case .message, .control, .broken: return []
            }
        }
    }
}

/// Likewise a client.
struct ScriptedClient: ClientRole {
    typealias Reaction = @Sendable (inout ScriptedClient, ClientEvent, Timestamp) -> [ClientAction]

    var deadline: Timestamp?
    var isFinished = false
    var heard: [ClientEvent] = []
    private let react: Reaction

    init(_ react: @escaping Reaction) { self.react = react }

    mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [ClientAction] {
        self.heard.append(event)
        return self.react(&self, event, now)
    }

    static let target = "/socket.io/?EIO=4&transport=websocket"

    /// Joins the root and answers pings.
    ///
    /// - Parameter pingsItself: each second, which Engine.IO 4 forbids.
    static func answering(pingsItself: Bool = false) -> ScriptedClient {
        ScriptedClient { client, event, now in
            switch event {
            case .begin: return [.openWebSocket(target: Self.target, headers: [], as: 0)]
            case .message(.text(let text), _) where text.hasPrefix("0"):
                if pingsItself { client.deadline = now.advanced(byNs: 1_000_000_000) }
                return [.send(.text("40"), on: 0)]
            case .message(.text("2"), _): return [.send(.text("3"), on: 0)]
            case .timePassed:
                client.deadline = now.advanced(byNs: 1_000_000_000)
                return [.send(.text("2"), on: 0)]
            case .closed:
                client.deadline = nil
                client.isFinished = true
                return []
            default: return []
            }
        }
    }
}
