import JSONText
import Wire

/// What a JSON input is, told by its first key: a hook log is lines of small objects whose keys are known, a HAR one
/// object, which its own door will judge.
public enum JSONInput: Hashable, Sendable {
    case har
    case hookLog

    private static let hookKeys: Set<String> = [
        "v", "at_ns", "session", "kind", "url", "transport", "client", "client_address", "client_port", "sender",
        "text",
        "base64", "opcode", "by", "code", "reason", "end", "refused", "unreadable", "size_bytes", "wire_bytes", "flags",
    ]

    /// - Parameter first: the first bytes; some dozen are enough.
    public static func sniff(_ first: Span<UInt8>) -> JSONInput {
        var offset = first.has("\u{FEFF}", at: 0) ? 3 : 0
        offset = JSONScanner.skipSpace(first, from: offset)
        guard offset < first.count, first[offset] == UInt8(ascii: "{") else { return .har }
        offset = JSONScanner.skipSpace(first, from: offset + 1)
        guard offset < first.count, first[offset] == UInt8(ascii: "\""),
            let end = try? JSONScanner.skipString(first, from: offset)
        else { return .har }
        return Self.hookKeys.contains(JSONString.unescaped(first, offset + 1..<end - 1)) ? .hookLog : .har
    }
}
