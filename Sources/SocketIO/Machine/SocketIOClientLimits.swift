/// What a client's machine keeps and how long it waits. Memory is bounded by the numbers here, times the largest message
/// that the transport lets through.
public struct SocketIOClientLimits: Hashable, Sendable {
    /// Attachments of one packet, their number and their bytes together.
    public var attachments = 256
    public var attachmentBytes = 16 << 20
    /// Packets that a namespace's server sends before it accepts it: kept, and handed out behind `connected`.
    public var earlyPackets = 1024
    /// Asked acks that may be out at once in one namespace.
    public var pendingAcks = 65_536
    /// How long a CONNECT may be unanswered. After 45 s Node's server gives up a client that joined nothing (socket.io
    /// `connectTimeout`), so a client need not wait longer.
    public var connectTimeoutNs: Int64 = 45_000_000_000

    public init() {}
}

/// What the user asked for cannot be done now; nothing was sent.
public enum SocketIORequestError: Error, Equatable, Sendable, CustomStringConvertible {
    case notConnected(namespace: String)
    /// It is joined, or being joined: a second CONNECT would make Node's server end the connection.
    case alreadyJoined(namespace: String)
    /// A comma stands in it, which the wire cannot carry.
    case badNamespace(String)
    /// A name of the library's own events; servers end the connection for it.
    case reservedEvent(String)
    case tooManyPendingAcks(limit: Int)
    /// The server says in its open packet that it takes no such message.
    case tooBig(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .notConnected(let namespace): "namespace \(namespace) is not connected"
        case .alreadyJoined(let namespace): "namespace \(namespace) is joined already"
        case .badNamespace(let namespace): "\"\(namespace)\" is no namespace: a comma ends one on the wire"
        case .reservedEvent(let name): "\"\(name)\" is a name of Socket.IO's own; take another for an event"
        case .tooManyPendingAcks(let limit): "\(limit) acks are waited for already"
        case .tooBig(let bytes, let limit):
            "a message of \(bytes) bytes; the server takes \(limit) (maxPayload of its open packet)"
        }
    }
}

/// Why an ack that was asked for did not come.
public enum SocketIOAckFailure: Error, Equatable, Sendable {
    case timedOut
    /// The namespace or the connection ended before.
    case disconnected
}

/// An event as it came.
public struct SocketIOIncomingEvent: Equatable, Sendable {
    public var namespace: String
    public var name: String
    public var arguments: [SocketIOValue]
    /// The server waits for an ack under this id.
    public var ackID: Int64?

    public init(namespace: String, name: String, arguments: [SocketIOValue], ackID: Int64?) {
        self.namespace = namespace
        self.name = name
        self.arguments = arguments
        self.ackID = ackID
    }
}
