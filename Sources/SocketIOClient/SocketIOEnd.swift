import EngineIO
import SocketIO

/// How a connection ended: exactly one of these, the first thing that happened.
public enum SocketIOEnd: Error, Equatable, Sendable {
    /// The user closed it, cleanly: goodbyes were sent.
    case closedByClient
    /// The `auth` callback threw; nothing was sent.
    case authFailed(String)
    /// No connection came about: name resolution, TCP, time.
    case unreachable(String)
    /// No TLS came about; `isCertificate` where the server's certificate was refused.
    case tlsFailed(String, isCertificate: Bool)
    /// The server answered the WebSocket's request with something else.
    case refused(HandshakeRefusal)
    /// The server's 101 is none, or what it sends is no HTTP.
    case badHandshake(String)
    /// A close frame of the server; `code` is nil where its body was empty, which is Node's usual way.
    case closedByServer(code: UInt16?, reason: String)
    /// The stream ended, or was reset, without a close frame.
    case connectionLost(String)
    /// The server broke the WebSocket protocol. Closed with 1002, for text that is no UTF-8 with 1007.
    case webSocketFailed(String)
    /// The server sent a message larger than the read limit. Closed with 1009.
    case messageTooBig(limitBytes: Int)
    /// The Engine.IO session ended: no open packet, no pings, garbage, a close packet.
    case engineIO(EngineIOClientEnd)
    /// What the server sends is no Socket.IO, or is nested deeper than 256 levels, which is as deep as a packet is read.
    case socketIO(SocketIOPacketError)
    /// CONNECT_ERROR for the last namespace that was left, with its payload.
    case namespaceRefused(namespace: String, payload: SocketIOValue?)
    /// The server accepted the last namespace without a `sid`: it speaks an older Socket.IO.
    case serverTooOld(namespace: String)
    /// The server did not answer the CONNECT of the last namespace in time.
    case namespaceUnanswered(namespace: String)
    /// The server ended the last namespace that was left.
    case disconnectedByServer(namespace: String, payload: SocketIOValue?)
    /// The user left the last namespace.
    case leftAllNamespaces
    /// `connect` or `run` of the client had not returned when it was called again; the second call did nothing.
    case alreadyRunning

    /// The user's own doing.
    public var isClean: Bool {
        switch self {
        case .closedByClient, .leftAllNamespaces: true
        default: false
        }
    }

    /// Whether another attempt may have another outcome. Not where the server said no: CONNECT_ERROR and DISCONNECT,
    /// after which the reference client does not reconnect either (socket.io-client `socket.ts`, `active`); a status
    /// from 400 to 499, by which a server says that the request is at fault (RFC 9110, section 15.5) — but for 408, 425
    /// and 429, which ask for another try. The reference client, which as a browser cannot see the status, goes on
    /// there. Nor where its certificate is refused, or it speaks another version.
    public var mayReconnect: Bool {
        switch self {
        case .closedByClient, .leftAllNamespaces, .alreadyRunning, .namespaceRefused, .disconnectedByServer,
            .serverTooOld:
            false
        case .tlsFailed(_, let isCertificate): !isCertificate
        case .refused(let refusal): !(400...499).contains(refusal.status) || [408, 425, 429].contains(refusal.status)
        case .authFailed, .unreachable, .badHandshake, .closedByServer, .connectionLost, .webSocketFailed,
            .messageTooBig, .engineIO, .socketIO, .namespaceUnanswered:
            true
        }
    }
}

/// What a server answered in place of 101.
public struct HandshakeRefusal: Hashable, Sendable {
    /// Bytes of the body that are kept.
    public static let bodyLimit = 4096

    public var status: Int
    /// Of Engine.IO's JSON, `{"code":1,"message":"Session ID unknown"}`.
    public var code: Int?
    public var message: String?
    /// As it came, at most `bodyLimit` bytes.
    public var body: String
    /// Where the server sends elsewhere; not followed.
    public var location: String?

    public init(status: Int, code: Int? = nil, message: String? = nil, body: String = "", location: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.body = body
        self.location = location
    }
}

extension SocketIOEnd: CustomStringConvertible {
    public var description: String {
        switch self {
        case .closedByClient: "closed"
        case .authFailed(let reason): "the auth payload could not be made: \(reason)"
        case .unreachable(let reason): "cannot connect: \(reason)"
        case .tlsFailed(let reason, false): "TLS failed: \(reason)"
        case .tlsFailed(let reason, true): "the server's certificate is refused: \(reason)"
        case .refused(let refusal): "the server refused the WebSocket with HTTP \(refusal)"
        case .badHandshake(let reason): "the server's answer is no WebSocket handshake: \(reason)"
        case .closedByServer(nil, _): "the server closed the WebSocket with an empty close frame (1005)"
        case .closedByServer(let code?, let reason):
            "the server closed the WebSocket with \(code)" + (reason.isEmpty ? "" : ", \"\(reason)\"")
        case .connectionLost(let reason): "the connection was lost without a close frame: \(reason)"
        case .webSocketFailed(let reason): "the server broke the WebSocket protocol: \(reason)"
        case .messageTooBig(let limit): "the server sent a message larger than the read limit of \(limit) bytes"
        case .engineIO(let end): end.description
        case .socketIO(let error): "the server sent what cannot be read: \(error)"
        case .namespaceRefused(let namespace, let payload):
            "the server refused namespace \(namespace): \(payload.refusalText)"
        case .serverTooOld(let namespace):
            "the server accepted namespace \(namespace) without a sid: it speaks Socket.IO 2 or older"
        case .namespaceUnanswered(let namespace): "the server did not answer the CONNECT of namespace \(namespace)"
        case .disconnectedByServer(let namespace, _): "the server ended namespace \(namespace)"
        case .leftAllNamespaces: "closed, as no namespace was left"
        case .alreadyRunning: "the client is connecting or connected already"
        }
    }
}

extension HandshakeRefusal: CustomStringConvertible {
    public var description: String {
        var text = "\(self.status)"
        if let location { text += " to \(location)" }
        if let message {
            text += ": \(message)" + (self.code.map { " (code \($0))" } ?? "")
        } else if !self.body.isEmpty {
            text += ": \(self.body.prefix(200))"
        }
        return text
    }
}

extension Optional<SocketIOValue> {
    /// The message of a CONNECT_ERROR with its data; python's server sends a text in place of an object.
    fileprivate var refusalText: String {
        guard let self else { return "without a reason" }
        if let text = self.string { return text }
        guard let message = self["message"]?.string else { return self.json.description }
        return message + (self["data"].map { " \($0.json)" } ?? "")
    }
}
