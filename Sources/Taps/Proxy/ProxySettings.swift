/// What a proxy is told.
public struct ProxySettings: Hashable, Sendable {
    /// Certificate chain and private key, PEM files, with which clients are served over TLS.
    public struct Identity: Hashable, Sendable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public var listen: HostPort
    public var target: ProxyTarget
    /// The server's certificate is not looked at.
    public var isInsecure = false
    /// Nil where clients come without TLS.
    public var identity: Identity?
    /// `Host`, and an `Origin` that names the same host, are written anew for the server.
    public var rewritesHost = false
    /// For the connection to the server, its TLS handshake included, in milliseconds.
    public var connectTimeoutMs: Int64 = 10_000

    public init(listen: HostPort, target: ProxyTarget) {
        self.listen = listen
        self.target = target
    }
}
