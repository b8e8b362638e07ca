import JSONText

/// What carries Socket.IO: the data of one Engine.IO `message`.
public enum SocketIOMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}

/// A Socket.IO packet of version 5 as a value, its attachments in their places.
public struct SocketIOPacket: Hashable, Sendable {
    public static let rootNamespace = "/"

    /// `/` for the root.
    public var namespace: String
    public var content: Content

    public enum Content: Hashable, Sendable {
        /// The client's auth, or the server's `{"sid":...}`; nil where there is none.
        case connect(SocketIOValue?)
        /// Version 5 allows no payload, but python's server sends one where it refuses late.
        case disconnect(SocketIOValue?)
        case event(name: String, arguments: [SocketIOValue], ackID: Int64?)
        case ack(id: Int64, arguments: [SocketIOValue])
        /// An object with a `message`; python's server sends a text.
        case connectError(SocketIOValue?)
    }

    public init(namespace: String = Self.rootNamespace, _ content: Content) {
        self.namespace = namespace
        self.content = content
    }

    /// The messages that carry it: the header, then one for each attachment. Nothing may come between them.
    ///
    /// Grammar: `type [n "-"] [namespace ","] [id] [json]`. Source: Socket.IO protocol v5, "Packet encoding".
    public func encoded() -> [SocketIOMessage] {
        var attachments: [[UInt8]] = []
        var json: JSONValue?
        var ackID: Int64?
        var type: Character
        switch self.content {
        case .connect(let payload): (type, json) = ("0", payload?.json)
        case .disconnect(let payload): (type, json) = ("1", payload?.json)
        case .event(let name, let arguments, let id):
            json = .array([.string(name)] + arguments.map { $0.json(taking: &attachments) })
            (type, ackID) = (attachments.isEmpty ? "2" : "5", id)
        case .ack(let id, let arguments):
            json = .array(arguments.map { $0.json(taking: &attachments) })
            (type, ackID) = (attachments.isEmpty ? "3" : "6", id)
        case .connectError(let payload): (type, json) = ("4", payload?.json)
        }
        var text = String(type)
        if !attachments.isEmpty { text += "\(attachments.count)-" }
        if self.namespace != Self.rootNamespace { text += "\(self.namespace)," }
        if let ackID { text += String(ackID) }
        json?.write(to: &text)
        return [.text(text)] + attachments.map { .binary($0) }
    }

    /// A namespace as the wire writes it: with its slash at the front. Nil for one that cannot be written: with a comma,
    /// which ends a namespace there.
    public static func normalized(namespace: String) -> String? {
        guard !namespace.utf8.contains(UInt8(ascii: ",")) else { return nil }
        return namespace.hasPrefix("/") ? namespace : "/" + namespace
    }
}
