/// Why a text is not JSON: where, and what would have been right there.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Offset of the byte that is wrong, from the start of the scanned bytes.
    public let offset: Int
    public let expected: String

    public init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }

    public var description: String { "offset \(self.offset): expected \(self.expected)" }
}

/// What a JSON value is, told by its first byte.
public enum JSONKind: Hashable, Sendable {
    case object, array, string, number, bool, null
}

/// Walks over JSON text without building anything. Source: RFC 8259.
///
/// Iterative, so no nesting overflows the stack: a level of nesting costs one bit. UTF-8 is not checked here; who made
/// the text a `String` has done that.
public enum JSONScanner {
    /// The offset of the first byte from `offset` on that is no white space.
    @inlinable
    public static func skipSpace(_ bytes: Span<UInt8>, from offset: Int) -> Int {
        var offset = offset
        while offset < bytes.count, isSpace(bytes[offset]) { offset += 1 }
        return offset
    }

    /// White space of RFC 8259, section 2.
    @inlinable
    public static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// The kind of the value that begins at `offset`; nil where none can begin so.
    public static func kind(_ bytes: Span<UInt8>, at offset: Int) -> JSONKind? {
        guard offset < bytes.count else { return nil }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: return nil
        }
    }

    /// Checks that `bytes` from `offset` to their end are one value, with white space around it at most.
    public static func validate(_ bytes: Span<UInt8>, from offset: Int = 0) throws(JSONSyntaxError) {
        let end = skipSpace(bytes, from: try skipValue(bytes, from: skipSpace(bytes, from: offset)))
        guard end == bytes.count else { throw JSONSyntaxError(offset: end, expected: "end of the text") }
    }

    /// Checks one value that begins at `start` and returns the offset behind it.
    public static func skipValue(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> Int {
        var nesting = Nesting()
        var offset = start
        while true {
            // A value begins here.
            guard offset < bytes.count else { throw JSONSyntaxError(offset: offset, expected: "a value") }
            switch bytes[offset] {
            case UInt8(ascii: "{"):
                offset = skipSpace(bytes, from: offset + 1)
                if offset < bytes.count, bytes[offset] == UInt8(ascii: "}") {
                    offset += 1
                } else {
                    nesting.push(object: true)
                    offset = try skipKey(bytes, from: offset)
                    continue
                }
            case UInt8(ascii: "["):
                offset = skipSpace(bytes, from: offset + 1)
                if offset < bytes.count, bytes[offset] == UInt8(ascii: "]") {
                    offset += 1
                } else {
                    nesting.push(object: false)
                    continue
                }
            case UInt8(ascii: "\""): offset = try skipString(bytes, from: offset)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): offset = try skipNumber(bytes, from: offset)
            case UInt8(ascii: "t"): offset = try skipWord("true", bytes, from: offset)
            case UInt8(ascii: "f"): offset = try skipWord("false", bytes, from: offset)
            case UInt8(ascii: "n"): offset = try skipWord("null", bytes, from: offset)
            default: throw JSONSyntaxError(offset: offset, expected: "a value")
            }
            // A value has ended: close what it ends, or go on to the next in its container.
            while true {
                if nesting.isEmpty { return offset }
                offset = skipSpace(bytes, from: offset)
                let close = nesting.inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
                if offset < bytes.count, bytes[offset] == close {
                    offset += 1
                    nesting.pop()
                    continue
                }
                guard offset < bytes.count, bytes[offset] == UInt8(ascii: ",") else {
                    throw JSONSyntaxError(offset: offset, expected: nesting.inObject ? "',' or '}'" : "',' or ']'")
                }
                offset = skipSpace(bytes, from: offset + 1)
                if nesting.inObject { offset = try skipKey(bytes, from: offset) }
                break
            }
        }
    }

    /// A key with its colon; returns where the value begins.
    private static func skipKey(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> Int {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else {
            throw JSONSyntaxError(offset: start, expected: "a key in quotes")
        }
        let colon = skipSpace(bytes, from: try skipString(bytes, from: start))
        guard colon < bytes.count, bytes[colon] == UInt8(ascii: ":") else {
            throw JSONSyntaxError(offset: colon, expected: "':'")
        }
        return skipSpace(bytes, from: colon + 1)
    }

    /// A string that begins with its quote at `start`; returns the offset behind the closing quote.
    public static func skipString(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> Int {
        var offset = start + 1
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") { return offset + 1 }
            if byte < 0x20 { throw JSONSyntaxError(offset: offset, expected: "no control character in a string") }
            guard byte == UInt8(ascii: "\\") else {
                offset += 1
                continue
            }
            guard offset + 1 < bytes.count else { break }
            switch bytes[offset + 1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                offset += 2
            case UInt8(ascii: "u"):
                guard hex4(bytes, at: offset + 2) != nil else {
                    throw JSONSyntaxError(offset: offset, expected: "four hex digits after \\u")
                }
                offset += 6
            default: throw JSONSyntaxError(offset: offset, expected: "an escape of RFC 8259")
            }
        }
        throw JSONSyntaxError(offset: bytes.count, expected: "the closing quote of a string")
    }

    static func hex4(_ bytes: Span<UInt8>, at offset: Int) -> UInt16? {
        guard offset + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for index in offset..<offset + 4 {
            let digit: UInt8
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func skipNumber(_ bytes: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> Int {
        var offset = start
        func digits(_ from: Int) throws(JSONSyntaxError) -> Int {
            var end = from
            while end < bytes.count, bytes[end] >= UInt8(ascii: "0"), bytes[end] <= UInt8(ascii: "9") { end += 1 }
            guard end > from else { throw JSONSyntaxError(offset: from, expected: "a digit") }
            return end
        }
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "0") {
            offset += 1
        } else {
            offset = try digits(offset)
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") { offset = try digits(offset + 1) }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "e") || bytes[offset] == UInt8(ascii: "E") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            offset = try digits(offset)
        }
        return offset
    }

    private static func skipWord(
        _ word: StaticString, _ bytes: Span<UInt8>, from start: Int
    ) throws(JSONSyntaxError) -> Int {
        let length = word.utf8CodeUnitCount
        let matches =
            start + length <= bytes.count
            && word.withUTF8Buffer { letters in letters.indices.allSatisfy { bytes[start + $0] == letters[$0] } }
        guard matches else { throw JSONSyntaxError(offset: start, expected: word.description) }
        return start + length
    }
}

/// The open containers, a bit each: 64 in a word, more in an array that ordinary texts never need.
private struct Nesting {
    private var bits: UInt64 = 0
    private var depth = 0
    private var outer: [UInt64] = []

    var isEmpty: Bool { self.depth == 0 && self.outer.isEmpty }
    var inObject: Bool { self.bits & 1 == 1 }

    mutating func push(object: Bool) {
        if self.depth == 64 {
            self.outer.append(self.bits)
            self.depth = 0
        }
        self.bits = self.bits << 1 | (object ? 1 : 0)
        self.depth += 1
    }

    mutating func pop() {
        self.bits >>= 1
        self.depth -= 1
        if self.depth == 0, let word = self.outer.popLast() {
            self.bits = word
            self.depth = 64
        }
    }
}
