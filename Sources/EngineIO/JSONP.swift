import JSONText

/// The JSONP form of long-polling: payloads as script text one way and as form fields the other.
///
/// Source: engine.io `transports/polling-jsonp.ts`: the answer is `___eio[N]("<payload as a JSON string>");`, the
/// request body `d=<payload, URL-encoded>` in which a line feed was written `\n` and a backslash before an n doubled.
public enum JSONP {
    /// The payload inside an answer.
    public static func payload(ofAnswer body: Span<UInt8>) throws(PollingPayloadError) -> [UInt8] {
        let prefix: StaticString = "___eio["
        var offset = JSONScanner.skipSpace(body, from: 0)
        // Old servers put an empty comment or an anti-sniffing prefix in front.
        if offset + 4 <= body.count, body[offset] == UInt8(ascii: "/"), body[offset + 1] == UInt8(ascii: "*") {
            while offset + 1 < body.count, !(body[offset] == UInt8(ascii: "*") && body[offset + 1] == UInt8(ascii: "/"))
            {
                offset += 1
            }
            offset += 2
        }
        guard starts(body, with: prefix, at: offset) else { throw .notJSONP }
        offset += prefix.utf8CodeUnitCount
        while offset < body.count, body[offset] != UInt8(ascii: "(") { offset += 1 }
        offset += 1
        guard offset < body.count, body[offset] == UInt8(ascii: "\"") else { throw .notJSONP }
        guard let end = try? JSONScanner.skipString(body, from: offset) else { throw .notJSONP }
        return Array(JSONString.unescaped(body, offset + 1..<end - 1).utf8)
    }

    /// The payload inside a request body.
    public static func payload(ofRequest body: Span<UInt8>) throws(PollingPayloadError) -> [UInt8] {
        guard starts(body, with: "d=", at: 0) else { throw .notJSONP }
        var out: [UInt8] = []
        out.reserveCapacity(body.count)
        var offset = 2
        while offset < body.count, body[offset] != UInt8(ascii: "&") {
            switch body[offset] {
            case UInt8(ascii: "+"): out.append(0x20)
            case UInt8(ascii: "%"):
                guard offset + 2 < body.count, let high = nibble(body[offset + 1]), let low = nibble(body[offset + 2])
                else { throw .notJSONP }
                out.append(high << 4 | low)
                offset += 2
            default: out.append(body[offset])
            }
            offset += 1
        }
        return unescapeLineFeeds(out)
    }

    /// Undoes the client's escaping: `\n` is a line feed, `\\n` is a backslash and an n.
    private static func unescapeLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var offset = 0
        let backslash = UInt8(ascii: "\\")
        let n = UInt8(ascii: "n")
        while offset < bytes.count {
            if bytes[offset] == backslash, offset + 2 < bytes.count, bytes[offset + 1] == backslash,
                bytes[offset + 2] == n
            {
                out.append(contentsOf: [backslash, n])
                offset += 3
            } else if bytes[offset] == backslash, offset + 1 < bytes.count, bytes[offset + 1] == n {
                out.append(0x0A)
                offset += 2
            } else {
                out.append(bytes[offset])
                offset += 1
            }
        }
        return out
    }

    static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func starts(_ bytes: Span<UInt8>, with prefix: StaticString, at offset: Int) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard offset >= 0, offset + length <= bytes.count else { return false }
        return prefix.withUTF8Buffer { letters in letters.indices.allSatisfy { bytes[offset + $0] == letters[$0] } }
    }
}
