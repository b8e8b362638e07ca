import HookLog
import JSONText
import Wire

/// What an input of text is, told by its first lines: a hook log is lines of small objects, a HAR one object, which its
/// own door will judge.
public enum JSONInput: Hashable, Sendable {
    case har
    case hookLog
    /// Neither: its text does not begin as JSON does, and no line of it is one of a hook log.
    case text

    /// So much of an input is looked at: some lines of a log that begins in the middle of one, or with what a rotation
    /// or a shell put there.
    public static let sniffBytes = 64 << 10

    private static let hookKeys: Set<String> = [
        "v", "at_ns", "session", "kind", "url", "transport", "client", "client_address", "client_port", "sender",
        "text",
        "base64", "opcode", "by", "code", "reason", "end", "refused", "unreadable", "size_bytes", "wire_bytes", "flags",
    ]

    /// - Parameter first: the first bytes, `sniffBytes` of them, or all there are.
    public static func sniff(_ first: Span<UInt8>) -> JSONInput {
        let start = first.has("\u{FEFF}", at: 0) ? 3 : 0
        let offset = JSONScanner.skipSpace(first, from: start)
        let isJSON = offset < first.count && (first[offset] == UInt8(ascii: "{") || first[offset] == UInt8(ascii: "["))
        if let key = Self.firstKey(first, from: offset), Self.hookKeys.contains(key) { return .hookLog }
        return Self.hasHookLine(first, from: start) ? .hookLog : isJSON ? .har : .text
    }

    /// The first key of the object that begins at `offset`; nil where none does.
    private static func firstKey(_ bytes: Span<UInt8>, from offset: Int) -> String? {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "{") else { return nil }
        let quote = JSONScanner.skipSpace(bytes, from: offset + 1)
        guard quote < bytes.count, bytes[quote] == UInt8(ascii: "\""),
            let end = try? JSONScanner.skipString(bytes, from: quote)
        else { return nil }
        return JSONString.unescaped(bytes, quote + 1..<end - 1)
    }

    /// A line reads as one of a hook log. The last one may go on behind the bytes that are there: for that one, which may
    /// be long, a first key that nothing else begins with must do.
    private static func hasHookLine(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        var line = start
        while line < bytes.count {
            var end = line
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            let begin = JSONScanner.skipSpace(bytes, from: line)
            if begin < end, bytes[begin] == UInt8(ascii: "{") {
                if (try? HookLine(bytes.extracting(begin..<end))) != nil { return true }
                if end == bytes.count, let key = Self.firstKey(bytes, from: begin), key == "v" || key == "at_ns" {
                    return true
                }
            }
            line = end + 1
        }
        return false
    }
}
