/// Makes text from the wire safe to show: a payload must not move the cursor, set a title or reverse the line.
enum Escaping {
    /// Control characters (C0, DEL, C1), line separators and bidirectional controls as `\n`, `\x1b`, `\u{202e}`;
    /// everything else as it is.
    static func visible(_ text: String) -> String {
        // Nearly all text is printable ASCII; anything that must be looked at has a byte outside of that.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return text }
        guard text.unicodeScalars.contains(where: self.isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if self.isUnsafe(scalar) {
                result += self.escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0: true
        // Marks and overrides of the bidirectional algorithm (UAX #9), and the two line separators.
        case 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        // Invisible in a line: the byte order mark, tag characters.
        case 0xfeff, 0xe0000...0xe001f: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16)
            return scalar.value < 0x100
                ? "\\x" + (digits.count < 2 ? "0" : "") + digits
                : "\\u{\(digits)}"
        }
    }
}
