import EngineIO
import SocketIO

/// What a connection tells the client that owns it, in order.
enum Delivery: Sendable {
    case opened(EngineIOHandshake)
    case connected(namespace: String, sid: String)
    /// A namespace is over, for the reason that the whole connection would end with if it was the last.
    case namespaceEnded(namespace: String, SocketIOEnd)
    case event(SocketIOIncomingEvent)
    /// Comes once, and last.
    case ended(SocketIOEnd)
}

/// Why an emit did not do what it should.
public enum SocketIOEmitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing was sent.
    case request(SocketIORequestError)
    /// Nothing was sent: the server says in its open packet that it takes no such message.
    case tooBig(bytes: Int, limit: Int)
    /// It was sent, and no ack came in time.
    case ackTimedOut
    /// The namespace or the connection ended while it waited: for room to be sent, or for its ack.
    case disconnected
    /// The task was cancelled; it may have been sent.
    case cancelled

    init(_ error: SocketIORequestError) {
        if case .tooBig(let bytes, let limit) = error {
            self = .tooBig(bytes: bytes, limit: limit)
        } else {
            self = .request(error)
        }
    }

    public var description: String {
        switch self {
        case .request(let error): error.description
        case .tooBig(let bytes, let limit): SocketIORequestError.tooBig(bytes: bytes, limit: limit).description
        case .ackTimedOut: "no ack came in time"
        case .disconnected: "the connection ended before"
        case .cancelled: "cancelled"
        }
    }
}
