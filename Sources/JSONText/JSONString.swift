/// The inside of a JSON string: escapes undone and made. Source: RFC 8259, section 7.
public enum JSONString {
    /// The string that `range` of a valid JSON text stands for, quotes not included.
    ///
    /// An escaped surrogate without its partner becomes U+FFFD: Swift strings cannot hold it.
    public static func unescaped(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        let escaped = bytes.extracting(range)
        let plain = escaped.withUnsafeBufferPointer { !$0.contains(UInt8(ascii: "\\")) }
        if plain { return escaped.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
        var out: [UInt8] = []
        out.reserveCapacity(escaped.count)
        var offset = 0
        while offset < escaped.count {
            guard escaped[offset] == UInt8(ascii: "\\"), offset + 1 < escaped.count else {
                out.append(escaped[offset])
                offset += 1
                continue
            }
            switch escaped[offset + 1] {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                out.append(contentsOf: String(scalar(escaped, at: &offset)).utf8)
                continue
            default: out.append(escaped[offset + 1])
            }
            offset += 2
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads `\uXXXX`, or two of them that are a surrogate pair, and moves behind what was read.
    private static func scalar(_ bytes: Span<UInt8>, at offset: inout Int) -> Character {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard let high = JSONScanner.hex4(bytes, at: offset + 2) else {
            offset += 2
            return Character(replacement)
        }
        offset += 6
        guard high & 0xFC00 == 0xD800 else { return Character(Unicode.Scalar(high) ?? replacement) }
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u"),
            let low = JSONScanner.hex4(bytes, at: offset + 2), low & 0xFC00 == 0xDC00
        else { return Character(replacement) }
        offset += 6
        return Character(Unicode.Scalar(0x10000 + (UInt32(high & 0x3FF) << 10 | UInt32(low & 0x3FF))) ?? replacement)
    }

    /// Appends `string` in quotes, escaping what RFC 8259 asks for and nothing else.
    public static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
