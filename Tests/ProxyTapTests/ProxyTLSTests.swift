import Foundation
import Recording
import Taps
import TestSupport
import Testing

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
            try inner.rows("SELECT tap, code FROM anomalies JOIN captures ON captures.id = capture_id")
                == ["proxy-front|tls.handshake-failed"])
    }

    @Test("a client without TLS is recorded as such, and no server is troubled")
    func plainClient() throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server) {
            $0.identity = .init(certificate: Self.certificate, key: Self.key)
        }
        let client = try proxy.client()
        try client.send(ProxyRefusalTests.request)
        _ = try client.receiveAll()
        #expect(
            try proxy.rows("SELECT tap, code FROM anomalies JOIN captures ON captures.id = capture_id")
                == ["proxy-front|tls.handshake-failed"])
        #expect(try proxy.rows("SELECT count(*) FROM connections") == ["1"])
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
