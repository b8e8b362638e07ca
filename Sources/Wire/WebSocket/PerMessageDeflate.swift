/// What two peers agreed on for permessage-deflate. Source: RFC 7692, section 7.1.
///
/// Window bits are not kept: inflating with the largest window reads what any smaller one wrote.
public struct PerMessageDeflate: Hashable, Sendable {
    public var serverNoContextTakeover: Bool
    public var clientNoContextTakeover: Bool

    /// Reads the answer's `Sec-WebSocket-Extensions`; nil where deflate was not agreed.
    public init?(answer: String?) {
        guard let answer else { return nil }
        for offer in answer.split(separator: ",") {
            let parameters = offer.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard parameters.first == "permessage-deflate" else { continue }
            self.serverNoContextTakeover = parameters.contains("server_no_context_takeover")
            self.clientNoContextTakeover = parameters.contains("client_no_context_takeover")
            return
        }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

/// Whether messages of one direction may be deflated.
public enum Compression: Hashable, Sendable {
    case none
    case deflate(noContextTakeover: Bool)
    /// The handshake was not seen: RSV1 is taken for deflate, and the window is not known.
    case unknown
}
