public import EngineIO
public import TimelineModel

/// A server without sockets and without a clock: a driver tells it what clients do, and does what it says.
///
/// Connections are numbered by the driver, from 0, and never reused. On one HTTP connection requests come one after the
/// other; the next only once the one before is answered.
public protocol ServerRole: Sendable {
    mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction]

    /// When `timePassed` is due at the latest; nil where nothing is waited for.
    var deadline: Timestamp? { get }

    /// Nothing more is waited for: the driver may end all connections.
    var isFinished: Bool { get }
}

public enum ServerEvent: Hashable, Sendable {
    /// A whole request. One with `Upgrade: websocket` is answered with `acceptWebSocket` or `respond`.
    case request(HTTPRequest, on: Int)
    /// A whole message of a WebSocket, inflated.
    case message(EngineIOPacket.Content, on: Int)
    /// The driver answers pings and closes itself; this is for who counts them.
    case control(WebSocketControl, on: Int)
    /// What the client sent broke the WebSocket protocol; the driver closes with this code.
    case broken(code: UInt16, reason: String, on: Int)
    /// The connection is over; whether by FIN or RST of the client, or after an end of our own.
    case closed(on: Int, wasReset: Bool)
    case timePassed
    /// No client will come any more, nor say anything: its process has ended.
    case clientGone
}

public enum ServerAction: Hashable, Sendable {
    case respond(HTTPResponse, on: Int)
    /// The 101 answer; permessage-deflate is declined unless asked for here and offered by the client.
    case acceptWebSocket(on: Int, deflate: Bool)
    /// One WebSocket message.
    case send(EngineIOPacket.Content, on: Int)
    /// One WebSocket message in so many fragments (at least 2), control frames between them where `pings`.
    case sendFragmented(EngineIOPacket.Content, pieces: Int, pings: Bool, on: Int)
    case sendControl(WebSocketControl, on: Int)
    /// Bytes as they are, for what no well-behaved server sends.
    case sendRaw([UInt8], on: Int)
    case end(ConnectionEnd, on: Int)
}
