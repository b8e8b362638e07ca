import JSONText
import TimelineModel

/// Why bytes are no Engine.IO packet.
public enum EngineIODecodeError: Error, Hashable, CustomStringConvertible {
    case empty
    case unknownType(UInt8, offset: Int = 0)
    case badBase64(offset: Int)

    public var description: String {
        switch self {
        case .empty: "an empty packet, nothing at offset 0 of it; expected a type digit 0 to 6"
        case .unknownType(let byte, let offset):
            "byte \(hex(byte)) at offset \(offset) of the packet; expected a type digit 0 to 6"
        case .badBase64(let offset): "no base64 at offset \(offset) of the packet; expected it behind \"b\""
        }
    }
}

func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "0x" + (digits.count < 2 ? "0" : "") + digits
}

/// Where the parts of a packet stand in the bytes that carry it: type, and what follows. Nothing is copied.
///
/// Source: Engine.IO protocol v4, "Packet encoding"; v3 for the type digit behind `b` and before binary bytes.
public struct EngineIOPacketHead: Equatable, Sendable {
    /// How the data is written.
    public enum Form: Hashable, Sendable {
        case text
        case binary
        /// After `b` (v4) or `b` and a type digit (v3).
        case base64
    }

    public let type: EngineIOType
    public let form: Form
    /// Offset of the first byte of the data.
    public let dataOffset: Int

    init(_ type: EngineIOType, _ form: Form, dataOffset: Int) {
        self.type = type
        self.form = form
        self.dataOffset = dataOffset
    }

    /// The packet in a text: a WebSocket text message or one packet of a polling payload. A leading `b` is read as
    /// base64 on a WebSocket too, as the reference server does.
    @inlinable
    public static func text(_ bytes: Span<UInt8>, _ version: EngineIOVersion) throws(EngineIODecodeError) -> Self {
        guard bytes.count > 0 else { throw .empty }
        if let type = digit(bytes[0]) { return Self.make(type, .text, 1) }
        guard bytes[0] == UInt8(ascii: "b") else { throw .unknownType(bytes[0]) }
        guard version == .v3 else { return Self.make(.message, .base64, 1) }
        guard bytes.count > 1 else { throw .empty }
        guard let type = digit(bytes[1]) else { throw .unknownType(bytes[1], offset: 1) }
        return Self.make(type, .base64, 2)
    }

    /// The packet in binary bytes: a WebSocket binary message or a binary record of a v3 payload. In v4 all of it is
    /// the data of a `message`; in v3 the first byte is the type, as a number and not as a digit.
    @inlinable
    public static func binary(_ bytes: Span<UInt8>, _ version: EngineIOVersion) throws(EngineIODecodeError) -> Self {
        guard version == .v3 else { return Self.make(.message, .binary, 0) }
        guard bytes.count > 0 else { throw .empty }
        guard let type = EngineIOType(rawValue: bytes[0]) else { throw .unknownType(bytes[0]) }
        return Self.make(type, .binary, 1)
    }

    @usableFromInline
    static func make(_ type: EngineIOType, _ form: Form, _ dataOffset: Int) -> Self {
        Self(type, form, dataOffset: dataOffset)
    }

    @usableFromInline
    static func digit(_ byte: UInt8) -> EngineIOType? {
        EngineIOType(rawValue: byte &- UInt8(ascii: "0"))
    }
}

/// An Engine.IO packet as a value, with its data copied out.
public struct EngineIOPacket: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case text(String)
        case binary([UInt8])
    }

    public var type: EngineIOType
    public var content: Content

    public init(_ type: EngineIOType, _ text: String = "") {
        self.type = type
        self.content = .text(text)
    }

    public init(_ type: EngineIOType, binary: [UInt8]) {
        self.type = type
        self.content = .binary(binary)
    }

    /// Reads what `head` describes in `bytes`.
    public init(_ head: EngineIOPacketHead, _ bytes: Span<UInt8>) throws(EngineIODecodeError) {
        self.type = head.type
        let data = bytes.extracting(head.dataOffset..<bytes.count)
        switch head.form {
        case .text: self.content = .text(data.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
        case .binary: self.content = .binary(data.withUnsafeBufferPointer { Array($0) })
        case .base64:
            guard let decoded = Base64.decode(data) else { throw .badBase64(offset: head.dataOffset) }
            self.content = .binary(decoded)
        }
    }
}
