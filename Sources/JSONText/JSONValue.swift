/// A JSON value as a tree, for texts that are read as a whole: open packets, hook-log lines, HAR files.
///
/// Objects keep the order of their keys; of a key that comes twice the last counts. Numbers stay text, so that nothing
/// is rounded on the way from a capture to a timeline.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Hashable, Sendable {
        public var key: String
        public var value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Deeper texts are refused: a tree is walked by recursion.
    public static let depthLimit = 256

    public init(_ text: String) throws(JSONSyntaxError) {
        try self.init(Array(text.utf8).span)
    }

    /// Parses bytes that are one JSON text.
    public init(_ bytes: Span<UInt8>) throws(JSONSyntaxError) {
        try JSONScanner.validate(bytes)
        var offset = 0
        self = try Self.parse(bytes, &offset, depth: 0)
    }

    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// A whole number that fits 64 bits; below 2^53 also where the text writes it as `1e3` or `25000.0`. Beyond, a Double
    /// would round to a number that is not there.
    public var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text) ?? Double(text).flatMap { $0.magnitude < 0x1p53 ? Int64(exactly: $0) : nil }
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    // The bytes are known to be valid here, so the only thing left to refuse is depth.
    private static func parse(_ bytes: Span<UInt8>, _ offset: inout Int, depth: Int) throws(JSONSyntaxError)
        -> JSONValue
    {
        guard depth < depthLimit else {
            throw JSONSyntaxError(offset: offset, expected: "at most \(depthLimit) levels of nesting")
        }
        offset = JSONScanner.skipSpace(bytes, from: offset)
        switch JSONScanner.kind(bytes, at: offset) {
        case .object:
            var members: [Member] = []
            offset = JSONScanner.skipSpace(bytes, from: offset + 1)
            while bytes[offset] != UInt8(ascii: "}") {
                let key = try parseString(bytes, &offset)
                offset = JSONScanner.skipSpace(bytes, from: offset) + 1  // the colon
                members.append(Member(key, try parse(bytes, &offset, depth: depth + 1)))
                skipComma(bytes, &offset)
            }
            offset += 1
            return .object(members)
        case .array:
            var values: [JSONValue] = []
            offset = JSONScanner.skipSpace(bytes, from: offset + 1)
            while bytes[offset] != UInt8(ascii: "]") {
                values.append(try parse(bytes, &offset, depth: depth + 1))
                skipComma(bytes, &offset)
            }
            offset += 1
            return .array(values)
        case .string:
            return .string(try parseString(bytes, &offset))
        case .number:
            let end = try JSONScanner.skipValue(bytes, from: offset)
            defer { offset = end }
            return .number(text(bytes, offset..<end))
        case .bool:
            let value = bytes[offset] == UInt8(ascii: "t")
            offset += value ? 4 : 5
            return .bool(value)
        case .null:
            offset += 4
            return .null
        case nil:
            throw JSONSyntaxError(offset: offset, expected: "a value")
        }
    }

    private static func skipComma(_ bytes: Span<UInt8>, _ offset: inout Int) {
        offset = JSONScanner.skipSpace(bytes, from: offset)
        if bytes[offset] == UInt8(ascii: ",") { offset = JSONScanner.skipSpace(bytes, from: offset + 1) }
    }

    private static func parseString(_ bytes: Span<UInt8>, _ offset: inout Int) throws(JSONSyntaxError) -> String {
        let end = try JSONScanner.skipString(bytes, from: offset)
        defer { offset = end }
        return JSONString.unescaped(bytes, offset + 1..<end - 1)
    }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as compact JSON text.
    public var description: String {
        var text = ""
        self.write(to: &text)
        return text
    }

    public func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let number): text += number
        case .string(let string): JSONString.write(string, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                JSONString.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }
}
