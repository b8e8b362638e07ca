import TimelineModel

/// The URL that a source of whole messages gives, taken apart: where the server is, and what was asked for.
///
/// Lenient, as it only looks: RFC 3986's authority and the rest, nothing is decoded or normalised.
struct SourceURL: Hashable {
    /// Lower case; empty where the text has none.
    var scheme: String
    /// Without brackets; empty where the text has none.
    var host: String
    /// The scheme's own where none is written; 0 where that is not known.
    var port: Int
    /// Path and query, beginning with a slash.
    var target: String
    /// Host and port as they are written.
    var authority: String

    init(_ text: String) {
        var rest = Substring(text)
        if let mark = rest.firstIndex(of: "#") { rest = rest[..<mark] }
        self.scheme = ""
        self.host = ""
        self.port = 0
        self.target = "/"
        self.authority = ""
        if let slashes = rest.firstRange(of: "://") {
            self.scheme = rest[..<slashes.lowerBound].lowercased()
            rest = rest[slashes.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            self.readAuthority(rest[..<end])
            rest = rest[end...]
        }
        self.target = rest.hasPrefix("/") ? String(rest) : "/" + rest
    }

    private mutating func readAuthority(_ text: Substring) {
        // Credentials must not get into a timeline.
        let place = text.lastIndex(of: "@").map { text[text.index(after: $0)...] } ?? text
        self.authority = String(place)
        var port: Substring = ""
        if place.hasPrefix("["), let close = place.firstIndex(of: "]") {
            self.host = String(place[place.index(after: place.startIndex)..<close])
            port = place[place.index(after: close)...].drop { $0 == ":" }
        } else if let colon = place.lastIndex(of: ":") {
            self.host = String(place[..<colon])
            port = place[place.index(after: colon)...]
        } else {
            self.host = String(place)
        }
        let usual = ["http": 80, "ws": 80, "https": 443, "wss": 443][self.scheme] ?? 0
        self.port = Int(UInt16(port) ?? UInt16(usual))
    }

    /// The way back: brackets around an IPv6 address.
    static func text(scheme: String, address: String, port: Int, target: String) -> String {
        let host = address.contains(":") ? "[\(address)]" : address
        return "\(scheme)://\(host):\(port)\(target)"
    }
}
