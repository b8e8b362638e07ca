import NIOSSL

/// The server that a client's role is driven against.
public struct ClientTarget: Hashable, Sendable {
    public var isTLS: Bool
    /// A name or an address, without the brackets of IPv6.
    public var host: String
    public var port: Int
    /// What `Host` says.
    public var authority: String
    /// The server's certificate is not checked.
    public var acceptsAnyCertificate: Bool

    public init(isTLS: Bool, host: String, port: Int, authority: String, acceptsAnyCertificate: Bool = false) {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.authority = authority
        self.acceptsAnyCertificate = acceptsAnyCertificate
    }

    /// Nil for a target without TLS.
    func context() throws -> NIOSSLContext? {
        guard self.isTLS else { return nil }
        var tls = TLSConfiguration.makeClientConfiguration()
        if self.acceptsAnyCertificate { tls.certificateVerification = .none }
        return try NIOSSLContext(configuration: tls)
    }
}
