/// The server that a proxy stands in front of.
public struct ProxyTarget: Hashable, Sendable, CustomStringConvertible {
    public let isSecure: Bool
    public let address: HostPort

    public init(isSecure: Bool, address: HostPort) {
        self.isSecure = isSecure
        self.address = address
    }

    /// Reads `http://HOST[:PORT]` (also https, ws, wss). What stands behind the host is refused: paths are forwarded
    /// as the client sends them.
    public init(url: String) throws(TapError) {
        guard let slashes = url.range(of: "://") else {
            throw TapError("\(url) is no URL; write it as http://HOST:PORT or https://HOST:PORT")
        }
        let isSecure: Bool
        switch url[..<slashes.lowerBound].lowercased() {
        case "http", "ws": isSecure = false
        case "https", "wss": isSecure = true
        default: throw TapError("\(url) is neither http, https, ws nor wss; write it as http://HOST:PORT")
        }
        var authority = url[slashes.upperBound...]
        if let end = authority.firstIndex(where: { "/?#".contains($0) }) {
            guard authority[end...] == "/" else {
                throw TapError(
                    "\(url) has a path; paths are forwarded as the client sends them, so give \(url[..<end]) alone")
            }
            authority = authority[..<end]
        }
        guard !authority.contains("@") else {
            throw TapError("\(url) has a user or password, which a proxy cannot send; leave them out")
        }
        if let address = HostPort(String(authority)), address.port > 0 {
            self.init(isSecure: isSecure, address: address)
        } else if let host = HostPort.host(authority) {
            self.init(isSecure: isSecure, address: HostPort(host: host, port: isSecure ? 443 : 80))
        } else {
            throw TapError("\(url) has no host with a port from 1 to 65535; write it as http://HOST:PORT")
        }
    }

    /// As a browser writes it in `Origin`: the port only where it is not the scheme's own.
    public var origin: String { (self.isSecure ? "https://" : "http://") + self.authority }

    /// As a client writes it in `Host`.
    public var authority: String {
        guard self.address.port == (self.isSecure ? 443 : 80) else { return self.address.description }
        return self.address.host.contains(":") ? "[\(self.address.host)]" : self.address.host
    }

    public var description: String { self.origin }
}

extension String {
    /// Where `text` stands first; the standard library's own search is Foundation's.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = self.startIndex
        while start < self.endIndex {
            if self[start...].hasPrefix(text) {
                return start..<self.index(start, offsetBy: text.count)
            }
            start = self.index(after: start)
        }
        return nil
    }
}
