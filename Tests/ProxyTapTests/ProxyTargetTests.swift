import TestSupport
import Testing

@testable import Taps

struct TargetCase: CustomTestStringConvertible, Sendable {
    let url: String
    /// Nil where it is refused.
    let origin: String?
    var testDescription: String { self.url }
}

@Suite("Proxy: addresses")
struct ProxyTargetTests {
    static let targets: [TargetCase] = [
        .init(url: "http://127.0.0.1:3000", origin: "http://127.0.0.1:3000"),
        .init(url: "ws://127.0.0.1:3000/", origin: "http://127.0.0.1:3000"),
        .init(url: "https://chat.example.com", origin: "https://chat.example.com"),
        .init(url: "WSS://chat.example.com:443", origin: "https://chat.example.com"),
        .init(url: "http://[::1]:80", origin: "http://[::1]"),
        .init(url: "http://[::1]", origin: "http://[::1]"),
        .init(url: "https://[::1]:8443/", origin: "https://[::1]:8443"),
        .init(url: "127.0.0.1:3000", origin: nil),
        .init(url: "ftp://127.0.0.1", origin: nil),
        .init(url: "http://127.0.0.1:3000/socket.io/", origin: nil),
        .init(url: "http://127.0.0.1:3000?x=1", origin: nil),
        .init(url: "http://user:secret@127.0.0.1:3000", origin: nil),
        .init(url: "http://127.0.0.1:0", origin: nil),
        .init(url: "http://127.0.0.1:65536", origin: nil),
        .init(url: "http://127.0.0.1:", origin: nil),
        .init(url: "http://", origin: nil),
        .init(url: "http://a b", origin: nil),
        .init(url: "http://::1", origin: nil),
    ]

    @Test("a target is a scheme, a host and a port", arguments: targets)
    func target(_ c: TargetCase) {
        #expect((try? ProxyTarget(url: c.url))?.origin == c.origin)
    }

    static let addresses: [(text: String, expected: HostPort?)] = [
        ("127.0.0.1:9000", HostPort(host: "127.0.0.1", port: 9000)), ("[::1]:0", HostPort(host: "::1", port: 0)),
        ("localhost:65535", HostPort(host: "localhost", port: 65535)), ("::1:9000", nil), ("9000", nil),
        (":9000", nil), ("a:", nil), ("a:65536", nil), ("a:-1", nil), ("a:+1", nil), ("[]:1", nil), ("", nil),
        ("[:1", nil),
    ]

    @Test("an address to listen on is a host and a port", arguments: addresses)
    func address(_ text: String, _ expected: HostPort?) {
        #expect(HostPort(text) == expected)
        if let expected { #expect(HostPort(expected.description) == expected) }
    }

    @Test("a port that is taken is named with what to do")
    func taken() throws {
        let other = try LoopbackSocket.listening()
        let error = #expect(throws: TapError.self) {
            try ProxyUnderTest(to: "http://127.0.0.1:1") { $0.listen = HostPort(host: "127.0.0.1", port: other.port) }
        }
        #expect(error?.description.hasPrefix("127.0.0.1:\(other.port) is in use") == true)
    }

    @Test("a proxy before itself is refused")
    func itself() throws {
        let free = try ProxyRefusalTests.deadPort()
        let error = #expect(throws: TapError.self) {
            try ProxyUnderTest(to: "http://localhost:\(free)") {
                $0.listen = HostPort(host: "127.0.0.1", port: free)
            }
        }
        #expect(error?.description.contains("is where the proxy itself listens") == true)
    }
}
