import EngineIO
import JSONText

/// What of a packet says which one it is, however its values change: name, ack, number of arguments, kinds of values.
public struct PacketShape: Hashable, Sendable {
    /// Of an event; nil for all else.
    public let name: String?
    public let asksForAck: Bool
    public let arguments: Int
    /// Of the JSON with all texts, numbers and truth values replaced by their kinds.
    public let kinds: Int

    static let fullScore = 8

    public init(_ content: RecordedPacket.Content) {
        switch content {
        case .socketIO(let packet):
            let payload = packet.payload.flatMap { try? JSONValue($0) }
            self.name = packet.event
            self.asksForAck = packet.kind == .event && packet.ackID != nil
            self.arguments = payload?.array?.count ?? 0
            self.kinds = Self.hash(payload)
        case .message(.text(let text)):
            self.name = nil
            self.asksForAck = false
            self.arguments = 0
            self.kinds = Self.hash(try? JSONValue(text))
        case .message(.binary), .engineIO, .unreadable:
            self.name = nil
            self.asksForAck = false
            self.arguments = -1
            self.kinds = 0
        }
    }

    /// 1 to `fullScore`; nil for another event.
    func score(against other: PacketShape) -> Int? {
        guard self.name == other.name else { return nil }
        return 1 + (self.asksForAck == other.asksForAck ? 1 : 0) + (self.arguments == other.arguments ? 2 : 0)
            + (self.kinds == other.kinds ? 4 : 0)
    }

    /// Members of objects in any order; an array is as its distinct elements are, so that its length does not matter.
    private static func hash(_ value: JSONValue?) -> Int {
        var hasher = Hasher()
        Self.feed(value, &hasher)
        return hasher.finalize()
    }

    private static func feed(_ value: JSONValue?, _ hasher: inout Hasher) {
        switch value {
        case nil: hasher.combine(0)
        case .null: hasher.combine(1)
        case .bool: hasher.combine(2)
        case .number: hasher.combine(3)
        case .string: hasher.combine(4)
        case .array(let values):
            hasher.combine(5)
            hasher.combine(Set(values.map { Self.hash($0) }))
        case .object(let members):
            hasher.combine(6)
            hasher.combine(Set(members.map { "\($0.key)\u{0}\(Self.hash($0.value))" }))
        }
    }
}
