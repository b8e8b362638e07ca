/// The start line and those header fields of an HTTP/1.1 message that decoding, judging or storing needs.
///
/// Source: RFC 9112, sections 3 to 6. Field names in any case; of a field that comes twice the first counts, but for
/// `Transfer-Encoding`, `Sec-WebSocket-Extensions` and `Connection`, whose values are joined.
public struct HTTPHead: Hashable, Sendable {
    public enum Start: Hashable, Sendable {
        case request(method: String, target: String)
        case response(status: Int, reason: String)
    }

    public var start: Start
    public var isHTTP10 = false
    public var headBytes: Int
    public var contentLength: Int?
    public var isChunked = false
    public var contentEncoding: String?
    public var contentType: String?
    public var connection: String?
    public var upgrade: String?
    public var extensions: String?
    public var host: String?
    public var userAgent: String?
    public var origin: String?
    public var allowOrigin: String?
    public var server: String?
    public var cookie: String?
    /// First address of X-Forwarded-For, else of Forwarded.
    public var forwardedFor: String?

    public var upgradesToWebSocket: Bool { self.upgrade?.lowercased() == "websocket" }

    init(start: Start, headBytes: Int) {
        self.start = start
        self.headBytes = headBytes
    }

    /// Reads a head that ends with its empty line; nil where the start line is no HTTP.
    public init?(_ bytes: Span<UInt8>) {
        var lineEnd = Self.endOfLine(bytes, from: 0)
        guard let start = Self.parseStart(bytes, 0..<lineEnd.text) else { return nil }
        self.init(start: start.0, headBytes: bytes.count)
        self.isHTTP10 = start.isHTTP10
        var offset = lineEnd.next
        while offset < bytes.count {
            lineEnd = Self.endOfLine(bytes, from: offset)
            if lineEnd.text == offset { break }
            var next = lineEnd.next
            var valueEnd = lineEnd.text
            // A field may go on in lines that begin with white space (obsolete, but seen).
            while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 {
                let more = Self.endOfLine(bytes, from: next)
                valueEnd = more.text
                next = more.next
            }
            self.readField(bytes, offset..<valueEnd)
            offset = next
        }
    }

    /// Where a line's text ends and where the next line begins; a bare LF is taken for CRLF.
    private static func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> (text: Int, next: Int) {
        var end = start
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        let text = end > start && bytes[end - 1] == 0x0D ? end - 1 : end
        return (text, min(end + 1, bytes.count))
    }

    private static func parseStart(_ bytes: Span<UInt8>, _ line: Range<Int>) -> (Start, isHTTP10: Bool)? {
        if bytes.has("HTTP/1.", at: 0) {
            guard line.count >= 12, bytes[8] == 0x20 else { return nil }
            var status = 0
            for offset in 9..<12 {
                guard bytes[offset] >= 0x30, bytes[offset] <= 0x39 else { return nil }
                status = status * 10 + Int(bytes[offset] - 0x30)
            }
            return (.response(status: status, reason: bytes.text(min(13, line.count)..<line.count)), bytes[7] == 0x30)
        }
        var first = 0
        while first < line.count, bytes[first] != 0x20 { first += 1 }
        var last = line.count
        while last > first, bytes[last - 1] != 0x20 { last -= 1 }
        guard first > 0, last > first + 1, bytes.has("HTTP/1.", at: last), line.count - last == 8 else { return nil }
        return (
            .request(method: bytes.text(0..<first), target: bytes.text(first + 1..<last - 1)),
            bytes[line.count - 1] == 0x30
        )
    }

    private mutating func readField(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon] != UInt8(ascii: ":") { colon += 1 }
        guard colon < line.upperBound else { return }
        let at = line.lowerBound
        func named(_ name: StaticString) -> Bool { bytes.hasCaseInsensitive(name, at: at) }
        func value() -> String {
            var from = colon + 1
            var to = line.upperBound
            while from < to, bytes[from] == 0x20 || bytes[from] == 0x09 { from += 1 }
            while to > from, bytes[to - 1] == 0x20 || bytes[to - 1] == 0x09 { to -= 1 }
            let text = bytes.text(from..<to)
            guard text.contains(where: \.isNewline) else { return text }
            // What went on in another line is joined by a space, RFC 9112 section 5.2.
            return text.split(whereSeparator: \.isNewline).map { Self.trimmed($0) }.joined(separator: " ")
        }
        func joined(_ old: String?) -> String { old.map { "\($0), \(value())" } ?? value() }
        // By length first: most fields are compared with one name or none.
        switch colon - at {
        case 4 where named("host"): self.host = self.host ?? value()
        case 6 where named("origin"): self.origin = self.origin ?? value()
        case 6 where named("server"): self.server = self.server ?? value()
        case 6 where named("cookie"): self.cookie = self.cookie ?? value()
        // uWebSockets names itself in a field of its own.
        case 11 where named("uwebsockets"): self.server = self.server ?? "uWebSockets \(value())"
        case 7 where named("upgrade"): self.upgrade = self.upgrade ?? value()
        case 9 where named("forwarded"): self.forwardedFor = self.forwardedFor ?? Self.forwardedAddress(value())
        case 10 where named("user-agent"): self.userAgent = self.userAgent ?? value()
        case 10 where named("connection"): self.connection = joined(self.connection)
        case 12 where named("content-type"): self.contentType = self.contentType ?? value()
        case 14 where named("content-length"): self.contentLength = self.contentLength ?? Self.length(value())
        case 15 where named("x-forwarded-for"):
            self.forwardedFor = value().split(separator: ",").first.map { Self.trimmed($0) }
        case 16 where named("content-encoding"): self.contentEncoding = value().lowercased()
        case 17 where named("transfer-encoding"):
            self.isChunked = self.isChunked || value().lowercased().contains("chunked")
        case 24 where named("sec-websocket-extensions"): self.extensions = joined(self.extensions)
        case 27 where named("access-control-allow-origin"): self.allowOrigin = self.allowOrigin ?? value()
        default: break
        }
    }

    /// A length in digits; some proxies send it twice, joined by a comma, which counts where both agree.
    private static func length(_ text: String) -> Int? {
        let parts = text.split(separator: ",").map { trimmed($0) }
        guard let first = parts.first, parts.allSatisfy({ $0 == first }), let value = Int(first), value >= 0 else {
            return nil
        }
        return min(value, Int.max / 4)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    /// The address in `for=` of the first element. Source: RFC 7239.
    private static func forwardedAddress(_ value: String) -> String? {
        for pair in value.split(separator: ",").first?.split(separator: ";") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, trimmed(parts[0]).lowercased() == "for" {
                return trimmed(parts[1]).filter { $0 != "\"" }
            }
        }
        return nil
    }
}
