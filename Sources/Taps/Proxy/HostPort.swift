/// A host with a port, as users write it: `127.0.0.1:9000`, `[::1]:9000`, `localhost:0`.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without the brackets of IPv6.
    public let host: String
    /// 0 where the system is to choose one.
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil where it is no host with a port.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]),
            let host = Self.host(text[..<colon])
        else { return nil }
        self.init(host: host, port: port)
    }

    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }

    /// 0 to 65535, digits only.
    static func port(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text).flatMap { $0 <= 65535 ? $0 : nil }
    }

    /// A name or an address; one with colons must stand in brackets.
    static func host(_ text: Substring) -> String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        if text.first == "[" {
            let inner = text.dropFirst().dropLast()
            return text.last == "]" && inner.contains(":") ? String(inner) : nil
        }
        return text.contains { "[]:/@?#".contains($0) } ? nil : String(text)
    }
}
