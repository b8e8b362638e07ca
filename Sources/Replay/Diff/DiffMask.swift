/// Values that may differ between two recordings: times, ids, tokens.
public enum DiffMask: Hashable, Sendable {
    /// The value at this place of a packet's JSON, whatever it is. An event and an ack are the array of their
    /// arguments, so `/0/at` is the member `at` of the first one.
    ///
    /// `event` is nil for all packets. Segments are those of RFC 6901, unescaped; `*` is any member or index.
    case pointer(event: String?, segments: [String])
    /// What a regular expression matches in a string or number, wherever it stands.
    case pattern(String)

    /// Patterns that have a name.
    public static let named: [(name: String, pattern: String)] = [
        ("date", #"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"#),
        ("epoch", #"\b1\d{9}(\d{3}|\.\d+)?\b"#),
        ("jwt", #"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"#),
        ("uuid", #"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"#),
    ]

    /// Reads `/POINTER`, `EVENT:/POINTER` or one of the names.
    public init(_ text: String) throws(DiffMaskError) {
        if let known = Self.named.first(where: { $0.name == text }) {
            self = .pattern(known.pattern)
            return
        }
        var pointer = text[...]
        var event: String?
        if !text.hasPrefix("/") {
            guard let mark = text.firstRange(of: ":/") else { throw .neither(text) }
            event = String(text[..<mark.lowerBound])
            pointer = text[text.index(after: mark.lowerBound)...]
        }
        var segments: [String] = []
        for segment in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let segment = Self.unescaped(segment) else { throw .badEscape(text) }
            segments.append(segment)
        }
        self = .pointer(event: event, segments: segments)
    }

    /// - Throws: where the regular expression has a mistake.
    public init(pattern: String) throws(DiffMaskError) {
        do {
            _ = try Regex(pattern)
        } catch {
            throw .badPattern(pattern)
        }
        self = .pattern(pattern)
    }

    /// Source: RFC 6901, section 4. Nil where a `~` is followed by neither 0 nor 1.
    private static func unescaped(_ segment: Substring) -> String? {
        var text = ""
        var rest = segment.unicodeScalars.makeIterator()
        while let scalar = rest.next() {
            guard scalar == "~" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            switch rest.next() {
            case "0": text += "~"
            case "1": text += "/"
            default: return nil
            }
        }
        return text
    }
}

/// Why a text is no mask.
public enum DiffMaskError: Error, Hashable, Sendable, CustomStringConvertible {
    case neither(String)
    case badEscape(String)
    case badPattern(String)

    public var description: String {
        switch self {
        case .neither(let text):
            "\(text): expected a JSON pointer such as /0/at, EVENT:/0/at, or one of "
                + DiffMask.named.map(\.name).joined(separator: ", ")
        case .badEscape(let text): "\(text): in a JSON pointer a ~ is written ~0, and a / within a key ~1"
        case .badPattern(let text): "\(text): not a regular expression"
        }
    }
}
