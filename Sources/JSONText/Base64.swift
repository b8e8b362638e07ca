/// Binary inside text, as Engine.IO packets, HAR files and hook logs write it. Source: RFC 4648, section 4.
public enum Base64 {
    /// The bytes that `text` stands for; nil where it is no base64. Missing padding is accepted, as by the JavaScript
    /// decoders; so is the URL-safe alphabet, which Node's decoder accepts as well.
    public static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end % 4 != 1 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(end * 3 / 4 + 2)
        var bits: UInt32 = 0
        var count = 0
        for offset in 0..<end {
            let value = values[Int(text[offset])]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }

    /// `bytes` as base64 with padding.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var offset = 0
        while offset < bytes.count {
            let left = bytes.count - offset
            let word =
                UInt32(bytes[offset]) << 16 | (left > 1 ? UInt32(bytes[offset + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[offset + 2]) : 0)
            out.append(alphabet[Int(word >> 18)])
            out.append(alphabet[Int(word >> 12 & 63)])
            out.append(left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
            out.append(left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "="))
            offset += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()
}
