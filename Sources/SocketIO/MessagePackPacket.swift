import JSONText
import TimelineModel

/// A packet of socket.io-msgpack-parser 3: one binary message, a map `{type, nsp, data?, id?}`. Types 5 and 6 and
/// attachments do not exist there: binary stands inside the data. Source: socket.io-msgpack-parser `index.js`.
public struct MessagePackPacket: Hashable, Sendable {
    public var type: SocketIOType
    public var namespace: String
    public var ackID: Int64?
    public var data: JSONValue?

    /// Nil where `bytes` are no such map.
    public init?(_ bytes: Span<UInt8>) {
        // Maps with 2 to 15 keys: what such a packet begins with, so that ordinary binary costs nothing.
        guard bytes.count > 0, bytes[0] & 0xF0 == 0x80, let map = MessagePack.decode(bytes),
            let number = map["type"]?.integer, let raw = UInt8(exactly: number),
            let type = SocketIOType(rawValue: raw), type != .attachment,
            let namespace = map["nsp"]?.string
        else { return nil }
        self.type = type
        self.namespace = namespace
        self.ackID = map["id"]?.integer
        self.data = map["data"].flatMap { $0 == .null ? nil : $0 }
    }

    public var event: String? {
        guard self.type == .event || self.type == .binaryEvent, let first = self.data?.array?.first else { return nil }
        return first.string ?? (first.integer != nil ? first.description : nil)
    }
}
