import JSONText

/// An argument of an event or an ack: JSON in which bytes may stand as well.
public enum SocketIOValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As JSON writes it, so that nothing is rounded. `SocketIOValue(_:)` makes it from Swift's numbers.
    case number(String)
    case string(String)
    case binary([UInt8])
    case array([SocketIOValue])
    /// In the order in which they are written.
    case object([Member])

    public struct Member: Hashable, Sendable {
        public var key: String
        public var value: SocketIOValue

        public init(_ key: String, _ value: SocketIOValue) {
            self.key = key
            self.value = value
        }
    }

    public init(_ value: some BinaryInteger) {
        self = .number(String(value))
    }

    /// What JSON cannot say, infinities and NaN, becomes null, as JavaScript writes it.
    public init(_ value: Double) {
        self = value.isFinite ? .number("\(value)") : .null
    }

    public init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text): self = .number(text)
        case .string(let text): self = .string(text)
        case .array(let values): self = .array(values.map { SocketIOValue($0) })
        case .object(let members): self = .object(members.map { Member($0.key, SocketIOValue($0.value)) })
        }
    }

    /// A JSON text; bytes cannot stand in one.
    public init(json: String) throws(JSONSyntaxError) {
        self.init(try JSONValue(json))
    }
}

// MARK: Reading

extension SocketIOValue {
    public subscript(key: String) -> SocketIOValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var array: [SocketIOValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var bytes: [UInt8]? {
        if case .binary(let bytes) = self { bytes } else { nil }
    }

    public var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    public var integer: Int64? {
        if case .number(let text) = self { JSONValue.number(text).integer } else { nil }
    }

    /// The value as JSON; bytes as the placeholder that stands for them on the wire.
    public var json: JSONValue {
        var attachments: [[UInt8]] = []
        return self.json(taking: &attachments)
    }
}

// MARK: Attachments

extension SocketIOValue {
    private static let placeholder = "_placeholder"
    private static let number = "num"

    /// The value as JSON in which placeholders stand for bytes, which go behind `attachments`.
    /// Source: Socket.IO protocol v5, "Packet encoding".
    public func json(taking attachments: inout [[UInt8]]) -> JSONValue {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let text): return .number(text)
        case .string(let text): return .string(text)
        case .binary(let bytes):
            attachments.append(bytes)
            return .object([
                JSONValue.Member(Self.placeholder, .bool(true)),
                JSONValue.Member(Self.number, .integer(attachments.count - 1)),
            ])
        case .array(let values): return .array(values.map { $0.json(taking: &attachments) })
        case .object(let members):
            return .object(members.map { JSONValue.Member($0.key, $0.value.json(taking: &attachments)) })
        }
    }

    /// The value with bytes for placeholders. Nil where one asks for an attachment that is not there; the reference
    /// parser refuses that as "illegal attachments".
    public init?(_ json: JSONValue, attachments: [[UInt8]]) {
        switch json {
        case .array(let values):
            var filled: [SocketIOValue] = []
            filled.reserveCapacity(values.count)
            for value in values {
                guard let value = SocketIOValue(value, attachments: attachments) else { return nil }
                filled.append(value)
            }
            self = .array(filled)
        case .object(let members):
            if json[Self.placeholder]?.bool == true {
                guard let number = json[Self.number]?.integer.flatMap(Int.init(exactly:)),
                    attachments.indices.contains(number)
                else { return nil }
                self = .binary(attachments[number])
                return
            }
            var filled: [Member] = []
            filled.reserveCapacity(members.count)
            for member in members {
                guard let value = SocketIOValue(member.value, attachments: attachments) else { return nil }
                filled.append(Member(member.key, value))
            }
            self = .object(filled)
        case .null, .bool, .number, .string: self.init(json)
        }
    }
}

// MARK: Literals

extension SocketIOValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self.init(value) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: SocketIOValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, SocketIOValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
