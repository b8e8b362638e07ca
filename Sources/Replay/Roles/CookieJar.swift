/// The cookies of one client towards one server: sticky sessions need them back.
///
/// The server is one origin, so domains do not matter; `Expires` is passed over, as a replay is short. Memory: at most
/// `limit` cookies. Source: RFC 6265, sections 4.1 and 5.4.
public struct CookieJar: Hashable, Sendable {
    private struct Cookie: Hashable {
        var name: String
        var value: String
        var path: String
    }

    /// Browsers keep as many for a host.
    private static let limit = 180
    private var cookies: [Cookie] = []

    public init() {}

    /// Takes what `Set-Cookie` fields of an answer say.
    public mutating func take(from fields: [HTTPField]) {
        for field in fields where field.isNamed("Set-Cookie") { self.take(field.value) }
    }

    private mutating func take(_ text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.pair)
        guard let first = parts.first, let value = first.value, !first.name.isEmpty else { return }
        var path = "/"
        var isOver = false
        for attribute in parts.dropFirst() {
            switch attribute.name.lowercased() {
            case "path": if let value = attribute.value, value.hasPrefix("/") { path = value }
            case "max-age": isOver = attribute.value.flatMap { Int64($0) }.map { $0 <= 0 } ?? isOver
            default: break
            }
        }
        self.cookies.removeAll { $0.name == first.name && $0.path == path }
        guard !isOver else { return }
        if self.cookies.count >= Self.limit { self.cookies.removeFirst() }
        self.cookies.append(Cookie(name: first.name, value: value, path: path))
    }

    private static func pair(_ text: Substring) -> (name: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        return (parts[0], parts.count > 1 ? parts[1] : nil)
    }

    /// The value of the `Cookie` field of a request; nil where none belongs to it.
    public func field(for target: String) -> String? {
        let path = String(target.prefix { $0 != "?" })
        let fitting = self.cookies.filter { cookie in
            path == cookie.path || (path.hasPrefix(cookie.path) && cookie.path.hasSuffix("/"))
                || path.hasPrefix(cookie.path + "/")
        }
        return fitting.isEmpty ? nil : fitting.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
    }
}
