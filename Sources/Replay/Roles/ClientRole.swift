public import EngineIO
public import TimelineModel

/// A client without sockets and without a clock: it says what to request, dial and send; a driver does it and tells
/// what comes of it.
///
/// Requests and WebSockets are numbered by the role, from one row of numbers: none of them is used twice.
public protocol ClientRole: Sendable {
    mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [ClientAction]

    /// When `timePassed` is due at the latest; nil where nothing is waited for.
    var deadline: Timestamp? { get }

    /// Nothing more is waited for and everything is closed.
    var isFinished: Bool { get }
}

public enum ClientEvent: Hashable, Sendable {
    /// The first event.
    case begin
    case response(HTTPResponse, to: Int)
    /// The connection broke before the answer was whole.
    case requestFailed(reason: String, to: Int)
    case webSocketOpened(Int)
    /// The server answered something else than 101 (`response`), or nothing.
    case webSocketRefused(HTTPResponse?, reason: String, Int)
    case message(EngineIOPacket.Content, on: Int)
    case control(WebSocketControl, on: Int)
    /// The WebSocket is over.
    case closed(on: Int, wasReset: Bool)
    /// The answer to `fetchAuth`: JSON text; nil for none.
    case auth(String?, for: Int)
    case timePassed
}

public enum ClientAction: Hashable, Sendable {
    /// Each on whichever connection is free; cookies and `Host` are the driver's.
    case request(HTTPRequest, as: Int)
    /// Gives a request up that has no answer yet.
    case abort(Int)
    case openWebSocket(target: String, headers: [HTTPField], as: Int)
    case send(EngineIOPacket.Content, on: Int)
    case sendControl(WebSocketControl, on: Int)
    /// Frames as they are, in one write, for what no well-behaved client sends. A close frame among them is the end's
    /// own: it sends no other.
    case sendFrames([RawFrame], on: Int)
    /// The server's close frame is not answered; the WebSocket stays as it is until the role ends it.
    case ignoreClose(on: Int)
    case end(ConnectionEnd, on: Int)
    /// The auth payload for a CONNECT to `namespace` is wanted now; `recorded` is what the recording has.
    case fetchAuth(namespace: String, recorded: String?, as: Int)
}
