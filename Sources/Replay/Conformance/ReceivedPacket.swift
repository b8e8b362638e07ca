import JSONText
import SocketIO
import TimelineModel

/// A Socket.IO packet of the client, its attachments with it.
struct ReceivedPacket: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case connect, disconnect, event, ack, connectError

        init(_ type: SocketIOType) {
            switch type {
            case .connect: self = .connect
            case .disconnect: self = .disconnect
            case .event, .binaryEvent, .attachment: self = .event
            case .ack, .binaryAck: self = .ack
            case .connectError: self = .connectError
            }
        }

        var article: String {
            switch self {
            case .connect: "a CONNECT"
            case .disconnect: "a DISCONNECT"
            case .event: "an event"
            case .ack: "an ack"
            case .connectError: "a CONNECT_ERROR"
            }
        }
    }

    let header: String
    let type: SocketIOType
    let namespace: String
    let ackID: Int64?
    let event: String?
    /// With bytes as `{"$bytes":"<hex>"}` in their places: two packets that number them otherwise are the same.
    private(set) var payload: JSONValue?
    let announced: Int
    /// A placeholder names no attachment that is there.
    private(set) var hasBadPlaceholder = false

    /// - Parameter header: the data of the `message` packet.
    init(header: String, attachments: [[UInt8]]) throws(SocketIODecodeError) {
        let bytes = Array(header.utf8)
        let head = try SocketIOPacketHead(bytes.span, .v5)
        self.header = header
        self.type = head.type
        self.namespace = head.namespace.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "/"
        self.ackID = head.ackID
        self.event = head.event
        self.announced = head.attachments ?? 0
        if let range = head.payload {
            do throws(JSONSyntaxError) {
                self.payload = try JSONValue(Array(bytes[range]).span)
            } catch {
                throw .badJSON(offset: error.offset, expected: error.expected)
            }
        }
        if !attachments.isEmpty { self.attach(attachments) }
    }

    var kind: Kind { Kind(self.type) }

    /// Puts the attachments in their places.
    mutating func attach(_ attachments: [[UInt8]]) {
        guard let payload else { return }
        self.payload = self.placed(payload, attachments)
    }

    private mutating func placed(_ value: JSONValue, _ attachments: [[UInt8]]) -> JSONValue {
        switch value {
        case .array(let values):
            return .array(values.map { self.placed($0, attachments) })
        case .object(let members):
            guard value["_placeholder"]?.bool == true else {
                return .object(members.map { JSONValue.Member($0.key, self.placed($0.value, attachments)) })
            }
            guard let number = value["num"]?.integer.flatMap(Int.init(exactly:)), attachments.indices.contains(number)
            else {
                self.hasBadPlaceholder = true
                return value
            }
            return .object([JSONValue.Member("$bytes", .string(Hex.text(attachments[number])))])
        case .null, .bool, .number, .string: return value
        }
    }
}
