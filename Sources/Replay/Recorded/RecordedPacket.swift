public import EngineIO
import JSONText
import SocketIO
public import TimelineModel

/// One packet of a recorded session, transport aside: what a replay sends, waits for and compares.
///
/// The attachments of a Socket.IO packet are in it: header and attachments are one unit, as they are on the wire.
public struct RecordedPacket: Hashable, Sendable {
    /// `frames.id` of its (first) row.
    public var frameID: Int64
    /// When its last byte had arrived, attachments included.
    public var at: Timestamp
    public var sender: Sender
    public var transport: Transport
    public var content: Content

    public enum Content: Hashable, Sendable {
        /// All of Engine.IO but `message`, with what follows the type digit.
        case engineIO(EngineIOType, String)
        case socketIO(ScriptedPacket)
        /// A `message` that is no Socket.IO packet: of a plain Engine.IO application, or a broken one. As it was.
        case message(EngineIOPacket.Content)
        /// No Engine.IO packet. As it was; it is never said again.
        case unreadable(EngineIOPacket.Content)
    }

    public init(frameID: Int64, at: Timestamp, sender: Sender, transport: Transport, content: Content) {
        self.frameID = frameID
        self.at = at
        self.sender = sender
        self.transport = transport
        self.content = content
    }
}

extension RecordedPacket {
    /// About what it takes on the wire.
    public var sizeBytes: Int {
        switch self.content {
        case .engineIO(_, let data): 1 + data.utf8.count
        case .socketIO(let packet):
            packet.attachments.reduce(packet.namespace.utf8.count + (packet.payload?.utf8.count ?? 0)) { $0 + $1.count }
        case .message(.text(let text)), .unreadable(.text(let text)): text.utf8.count
        case .message(.binary(let bytes)), .unreadable(.binary(let bytes)): bytes.count
        }
    }
}

/// A Socket.IO packet of any version, its JSON verbatim, so that what is sent again is what was recorded.
public struct ScriptedPacket: Hashable, Sendable {
    /// Never `.attachment`.
    public var type: SocketIOType
    /// `/` for the root.
    public var namespace: String
    /// Of an event; nil for the other types.
    public var event: String?
    public var ackID: Int64?
    /// The JSON behind type, namespace and id, as it was written; nil where there was none.
    public var payload: String?
    /// How many binary messages the header announces; `attachments` holds fewer where the recording broke off.
    public var announced: Int
    public var attachments: [[UInt8]]

    public init(
        type: SocketIOType, namespace: String = "/", event: String? = nil, ackID: Int64? = nil,
        payload: String? = nil, announced: Int = 0, attachments: [[UInt8]] = []
    ) {
        self.type = type
        self.namespace = namespace
        self.event = event
        self.ackID = ackID
        self.payload = payload
        self.announced = announced
        self.attachments = attachments
    }

    /// The data of the Engine.IO `message` that is its header: `type [n "-"] [namespace ","] [id] [json]`.
    /// Source: Socket.IO protocol v5, "Packet encoding"; the same in v3 and v4.
    public var header: String {
        var text = String(self.type.rawValue)
        if self.type == .binaryEvent || self.type == .binaryAck { text += "\(self.announced)-" }
        if self.namespace != "/" {
            // The comma is written even where nothing follows, as all libraries do.
            text += self.namespace + ","
        }
        if let ackID { text += String(ackID) }
        return text + (self.payload ?? "")
    }

    /// The one binary message that it is in socket.io-msgpack-parser's form.
    public var messagePack: [UInt8] {
        var members: [JSONValue.Member] = [
            .init("type", .integer(self.type.rawValue)), .init("nsp", .string(self.namespace)),
        ]
        if let data = self.payload.flatMap({ try? JSONValue($0) }) { members.append(.init("data", data)) }
        if let ackID { members.append(.init("id", .integer(ackID))) }
        return MessagePack.encode(.object(members))
    }

    /// Event or ack, whether bytes are in it or not.
    public var kind: Kind {
        switch self.type {
        case .connect: .connect
        case .disconnect: .disconnect
        case .event, .binaryEvent, .attachment: .event
        case .ack, .binaryAck: .ack
        case .connectError: .connectError
        }
    }

    public enum Kind: String, Hashable, Sendable {
        case connect, disconnect, event, ack
        case connectError = "connect_error"
    }
}
