import NIOCore
import NIOSSL

/// TLS towards the server and towards the clients, as the settings ask for it.
struct ProxyTLS: Sendable {
    private let client: NIOSSLContext?
    private let server: NIOSSLContext?
    /// For SNI and the check of the certificate; nil for an address, which SNI knows nothing of (RFC 6066, section 3).
    private let serverName: String?

    init(_ settings: ProxySettings) throws(TapError) {
        self.serverName =
            (try? SocketAddress(ipAddress: settings.target.address.host, port: 0)) == nil
            ? settings.target.address.host : nil
        self.client = settings.target.isSecure ? try Self.client(settings) : nil
        self.server = try settings.identity.map { (identity) throws(TapError) in try Self.server(identity) }
    }

    func clientHandler() throws -> NIOSSLClientHandler? {
        try self.client.map { try NIOSSLClientHandler(context: $0, serverHostname: self.serverName) }
    }

    func serverHandler() -> NIOSSLServerHandler? {
        self.server.map { NIOSSLServerHandler(context: $0) }
    }

    private static func client(_ settings: ProxySettings) throws(TapError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if settings.isInsecure { configuration.certificateVerification = .none }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TapError("TLS towards \(settings.target) cannot be set up: \(error)")
        }
    }

    private static func server(_ identity: ProxySettings.Identity) throws(TapError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(identity.certificate)
        } catch {
            throw TapError("--cert \(identity.certificate) cannot be read as a PEM certificate")
        }
        guard !chain.isEmpty else { throw TapError("--cert \(identity.certificate) holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: identity.key, format: .pem)
        } catch {
            throw TapError("--key \(identity.key) cannot be read as a PEM private key without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        // HTTP/2 could not be recorded, and Engine.IO needs nothing of it.
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TapError("--cert \(identity.certificate) and --key \(identity.key) do not belong together: \(error)")
        }
    }
}
