import Foundation
import Recording
import TestSupport
import Testing

@testable import Taps

@Suite("Proxy: TLS")
struct ProxyTLSTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    static let certificate = folder.appending(path: "localhost.pem").path
    static let key = folder.appending(path: "localhost-key.pem").path

    /// One proxy that speaks TLS to the server, before another one that speaks TLS to its clients.
    private static func chain(
        before server: LoopbackSocket, name: String = "127.0.0.1", isInsecure: Bool = true
    ) throws -> (outer: ProxyUnderTest, inner: ProxyUnderTest) {
        let inner = try ProxyUnderTest(before: server) {
            $0.identity = .init(certificate: Self.certificate, key: Self.key)
        }
        let outer = try ProxyUnderTest(to: "https://\(name):\(inner.port)") { $0.isInsecure = isInsecure }
        return (outer, inner)
    }

    @Test("both sides of it carry the same bytes, recorded plain", arguments: ["127.0.0.1", "localhost"])
    func bothSides(_ name: String) throws {
        let server = try LoopbackSocket.listening()
        let (outer, inner) = try Self.chain(before: server, name: name)
        #expect(inner.said.hasPrefix("listening on https://"))
        let client = try outer.client()
        let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example\r\n\r\n"
        try client.send(request)
        let accepted = try server.accept()
        #expect(try accepted.receive(exactly: request.utf8.count) == Array(request.utf8))
        let body = [UInt8](repeating: 0x61, count: 300_000)
        try accepted.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 300000\r\n\r\n")
        try accepted.send(body)
        accepted.close()
        let (answer, end) = try client.receiveAll()
        #expect(answer.suffix(body.count) == body[...])
        #expect(end == .ended)
        client.close()
        for proxy in [outer, inner] {
            #expect(
                try proxy.rows(
                    "SELECT application, status, response_bytes"
                        + " FROM exchanges JOIN connections ON connections.id = connection_id"
                )
                    == Array(repeating: "http|200|300000", count: 2))
        }
    }

    @Test("a certificate that is not trusted is refused, with the flag that accepts it")
    func notTrusted() throws {
        let server = try LoopbackSocket.listening()
        let (outer, inner) = try Self.chain(before: server, isInsecure: false)
        let client = try outer.client()
        try client.send(ProxyRefusalTests.request)
        let text = try client.receiveText()
        #expect(text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(text.contains("certificate is not trusted here (--insecure accepts it)"))
        client.close()
        #expect(
            try outer.rows("SELECT tap, code FROM anomalies JOIN captures ON captures.id = capture_id")
                == ["proxy-back|tls.handshake-failed"])
        #expect(
            try inner.rows("SELECT tap, code, detail FROM anomalies JOIN captures ON captures.id = capture_id") == [
                "proxy-front|tls.handshake-failed"
                    + "|a client gave no TLS connection: it does not trust the certificate"
            ])
    }

    static let withoutTLS: [(sent: String, said: String)] = [
        (ProxyRefusalTests.request, "it spoke plain HTTP"), ("CONNECT a:1 HTTP/1.1\r\n\r\n", "it spoke plain HTTP"),
        ("\u{1}\u{2}nonsense nonsense nonsense", "what it sent is no TLS"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "what it sent is no TLS"),
        // A record of a handshake, cut.
        ("\u{16}\u{3}\u{1}", "it closed the connection before TLS was agreed on"),
    ]

    @Test("a client without TLS is recorded and told as such, and no server is troubled", arguments: Self.withoutTLS)
    func plainClient(_ sent: String, _ said: String) throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server) {
            $0.identity = .init(certificate: Self.certificate, key: Self.key)
        }
        let client = try proxy.client()
        try client.send(sent)
        client.endOutput()
        _ = try client.receiveAll()
        let text = "a client gave no TLS connection: \(said)"
        #expect(
            try proxy.rows("SELECT tap, code, detail FROM anomalies JOIN captures ON captures.id = capture_id")
                == ["proxy-front|tls.handshake-failed|\(text)"])
        #expect(try proxy.rows("SELECT count(*) FROM connections") == ["1"])
        #expect(proxy.lines == [text])
        #expect(proxy.trouble == "1 connection of a client gave no TLS")
    }

    @Test("of an error of the TLS library its reason is told, never a place in its sources")
    func reasons() {
        let stack =
            "sslError([Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:%@ at /build/s3_both.cc:485])"
        for (name, said) in [
            ("WRONG_VERSION_NUMBER", "what it sent is no TLS"),
            ("TLSV1_ALERT_UNKNOWN_CA", "it does not trust the certificate"),
            ("UNSUPPORTED_PROTOCOL", "it has no version or cipher of TLS in common with this side"),
            ("DATA_LENGTH_TOO_LONG", "TLS could not be agreed on (data length too long)"),
            ("", "TLS could not be agreed on"),
        ] { #expect(TLSFailure.text(ofStack: stack.replacing("%@", with: name)) == said) }
        #expect(TLSFailure.text(ofStack: "") == "TLS could not be agreed on")
    }

    static let unreadable: [(certificate: String, key: String, named: String)] = [
        ("/nowhere.pem", key, "--cert /nowhere.pem"), (certificate, "/nowhere.pem", "--key /nowhere.pem"),
        (key, key, "--cert \(key)"), (certificate, certificate, "--key \(certificate)"),
    ]

    @Test("files that cannot be used are named", arguments: unreadable)
    func unreadableFiles(_ certificate: String, _ key: String, _ named: String) throws {
        var settings = ProxySettings(
            listen: HostPort(host: "127.0.0.1", port: 0), target: try ProxyTarget(url: "http://127.0.0.1:1"))
        settings.identity = .init(certificate: certificate, key: key)
        let error = #expect(throws: TapError.self) { try ProxyTap(settings) }
        #expect(error?.description.hasPrefix(named) == true)
    }
}
