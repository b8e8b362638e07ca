import NIOSSL

/// Why no TLS came of a connection, in a user's words.
///
/// The library hands on what BoringSSL has on its stack of errors, as texts with places of its sources: only the reasons'
/// names are taken from them.
enum TLSFailure {
    /// What BoringSSL calls it, and what it says of the peer.
    private static let reasons: [(names: [String], said: String)] = [
        (["HTTP_REQUEST", "HTTPS_PROXY_REQUEST"], "it spoke plain HTTP"),
        (
            [
                "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED",
                "UNSUPPORTED_CERTIFICATE",
            ], "it does not trust the certificate"
        ),
        (["WRONG_VERSION_NUMBER", "UNEXPECTED_MESSAGE", "BAD_RECORD", "INVALID_OUTER"], "what it sent is no TLS"),
        (
            [
                "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE",
                "NO_COMMON_SIGNATURE",
            ],
            "it has no version or cipher of TLS in common with this side"
        ),
        (["UNRECOGNIZED_NAME"], "it does not know the name that it was asked for"),
        (["NO_APPLICATION_PROTOCOL"], "it does not take HTTP/1.1"),
    ]

    /// One line.
    static func text(of error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(.sslError(let stack)) where stack == [.eofDuringHandshake]:
            return "it closed the connection before TLS was agreed on"
        case .handshakeFailed(let reason):
            return self.text(ofStack: "\(reason)")
        case .uncleanShutdown:
            return "it closed the connection before TLS was agreed on"
        default:
            return "\(error)"
        }
    }

    /// - Parameter stack: errors such as `error:1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST at FILE:LINE`.
    static func text(ofStack stack: String) -> String {
        let names = stack.split(separator: "OPENSSL_internal:").dropFirst().map {
            String($0.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") })
        }
        for (known, said) in self.reasons where names.contains(where: { name in known.contains { name.contains($0) } })
        {
            return said
        }
        guard let first = names.first, !first.isEmpty else { return "TLS could not be agreed on" }
        return "TLS could not be agreed on (\(first.lowercased().replacing("_", with: " ")))"
    }
}
