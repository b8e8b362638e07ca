/// Where a server is: scheme, host, port and the path of its Engine.IO endpoint.
///
/// `http` and `https` mean `ws` and `wss`. A URL without a path means `/socket.io/`, as in every Socket.IO; a query is
/// kept, and `EIO` and `transport` in it are set to what this client speaks.
public struct SocketIOURL: Hashable, Sendable, CustomStringConvertible {
    public static let defaultPath = "/socket.io/"

    public var isTLS: Bool
    /// Without the brackets of an IPv6 address.
    public var host: String
    public var port: Int
    public var path: String
    /// Parameters as they are written, without `EIO` and `transport`.
    public var query: [String]

    public init(_ text: String) throws(SocketIOURLError) {
        guard !text.isEmpty else { throw .empty }
        guard let scheme = text.firstRange(of: "://") else { throw .noScheme(text) }
        switch text[..<scheme.lowerBound].lowercased() {
        case "ws", "http": self.isTLS = false
        case "wss", "https": self.isTLS = true
        default: throw .unknownScheme(text)
        }
        // What stands behind # never leaves a client.
        let rest = text[scheme.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw .userInfo }
        (self.host, self.port) = try Self.hostAndPort(authority, isTLS: self.isTLS, in: text)
        let target = rest[authority.endIndex...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = target.first.map { String($0) } ?? ""
        self.path = path.isEmpty || path == "/" ? Self.defaultPath : path
        self.query = (target.count > 1 ? target[1] : "").split(separator: "&").map { String($0) }.filter { parameter in
            !["EIO", "transport"].contains { parameter == $0 || parameter.hasPrefix("\($0)=") }
        }
        // A space or a control character would end the request line; nothing but ASCII may stand in it. Source: RFC 3986,
        // section 2.
        if let character = self.target.unicodeScalars.first(where: { !Self.isVisible($0) }) {
            throw .badCharacter(text, character)
        }
    }

    /// ASCII that shows.
    private static func isVisible(_ character: Unicode.Scalar) -> Bool {
        character.value > 0x20 && character.value < 0x7F
    }

    private static func hostAndPort(
        _ authority: Substring, isTLS: Bool, in text: String
    ) throws(SocketIOURLError) -> (String, Int) {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw .openBracket(text) }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw .badPort(text) }
            port = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw .noHost(text) }
        guard host.unicodeScalars.allSatisfy(Self.isVisible) else { throw .badHost(text, host: String(host)) }
        guard let port else { return (String(host), isTLS ? 443 : 80) }
        guard let number = Int(port), (1...65_535).contains(number) else { throw .badPort(text) }
        return (String(host), number)
    }

    /// Path and query of the WebSocket's request. Source: Engine.IO protocol v4, "Transports".
    public var target: String {
        "\(self.path)?\((self.query + ["EIO=4", "transport=websocket"]).joined(separator: "&"))"
    }

    /// The Host header: the port where it is not the scheme's own. Source: RFC 9110, section 7.2.
    public var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return self.port == (self.isTLS ? 443 : 80) ? host : "\(host):\(self.port)"
    }

    /// As it is asked for.
    public var description: String { "\(self.isTLS ? "wss" : "ws")://\(self.authority)\(self.target)" }
}

public enum SocketIOURLError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case noScheme(String)
    case unknownScheme(String)
    case noHost(String)
    /// Something in it that no host's name has.
    case badHost(String, host: String)
    /// An address of IPv6 that does not end.
    case openBracket(String)
    case badPort(String)
    /// The first that may not stand in a path or query.
    case badCharacter(String, Unicode.Scalar)
    case userInfo

    public var description: String {
        switch self {
        case .empty: "the URL is empty; write ws://HOST:PORT or wss://HOST:PORT"
        case .noScheme(let url): "\(url) is no URL: it has no scheme; write ws://\(url) or wss://\(url)"
        case .unknownScheme(let url): "\(url): the scheme must be ws, wss, http or https"
        case .noHost(let url): "\(url): there is no host in it"
        case .badHost(let url, let host):
            if host.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) {
                "\(url): a host's name is sent in ASCII; write \(host) in its xn-- form"
            } else {
                "\(url): a space or control character stands in the host's name"
            }
        case .openBracket(let url): "\(url): the [ of the address has no ]"
        case .badPort(let url): "\(url): the port must be a number from 1 to 65535"
        case .badCharacter(let url, let character):
            "\(url): \(Self.word(for: character)) cannot stand in it; write it as \(Self.percentEncoded(character))"
        case .userInfo: "a URL with a name and password in it is not taken; give a header in its place"
        }
    }

    private static func word(for character: Unicode.Scalar) -> String {
        switch character.value {
        case 0x20: "a space"
        case 0..<0x20, 0x7F..<0xA0: "a control character"
        default: "\(character)"
        }
    }

    private static func percentEncoded(_ character: Unicode.Scalar) -> String {
        UTF8.encode(character).map { bytes in
            bytes.map { ($0 < 16 ? "%0" : "%") + String($0, radix: 16, uppercase: true) }.joined()
        } ?? ""
    }
}
