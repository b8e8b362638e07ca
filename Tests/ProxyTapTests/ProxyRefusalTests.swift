import TestSupport
import Testing

@Suite("Proxy: a server that is down, slow or goes")
struct ProxyRefusalTests {
    static let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: example\r\n\r\n"

    /// A port where nobody listens.
    static func deadPort() throws -> Int {
        let socket = try LoopbackSocket.listening()
        defer { socket.close() }
        return socket.port
    }

    @Test("down: 502 to each request, and an anomaly of the back leg")
    func down() throws {
        let port = try Self.deadPort()
        let proxy = try ProxyUnderTest(to: "http://127.0.0.1:\(port)")
        let client = try proxy.client()
        // A head in two pieces: nothing may be answered before it is whole.
        try client.send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n")
        try client.send("Host: example\r\n\r\n")
        let text = try client.receiveText()
        #expect(text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(text.contains("Connection: close\r\n"))
        #expect(text.hasSuffix("http://127.0.0.1:\(port) cannot be reached: connection refused\n"))
        client.close()
        #expect(
            try proxy.rows(
                "SELECT tap, status"
                    + " FROM exchanges JOIN connections ON connections.id = connection_id"
                    + " JOIN captures ON captures.id = capture_id"
            ) == ["proxy-front|502"])
        #expect(
            try proxy.rows("SELECT tap, code FROM anomalies JOIN captures ON captures.id = capture_id")
                == ["proxy-back|tcp.connect-failed"])
    }

    @Test("down: a client that asks nothing gets no answer")
    func nothingAsked() throws {
        let proxy = try ProxyUnderTest(to: "http://127.0.0.1:\(try Self.deadPort())")
        let client = try proxy.client()
        client.endOutput()
        #expect(try client.receive() == .ended)
        try proxy.stop()
    }

    @Test("slow: 504 once the time to connect is over")
    func slow() throws {
        // It takes the connection and never says a word of TLS.
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(to: "https://127.0.0.1:\(server.port)") { $0.connectTimeoutMs = 200 }
        let client = try proxy.client()
        try client.send(Self.request)
        let text = try client.receiveText()
        #expect(text.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(text.hasSuffix("did not accept a connection within 200 ms\n"))
        client.close()
        #expect(try proxy.rows("SELECT code FROM anomalies") == ["tcp.connect-failed"])
        // Given up by the proxy, and not left open.
        #expect(
            try proxy.rows(
                "SELECT close_kind, closed_by FROM connections JOIN captures ON captures.id = capture_id"
                    + " WHERE tap = 'proxy-back'") == ["rst|client"])
    }

    @Test("cut before an answer: 502", arguments: [true, false])
    func cut(_ byReset: Bool) throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server)
        let client = try proxy.client()
        try client.send(Self.request)
        let accepted = try server.accept()
        #expect(try accepted.receive(exactly: Self.request.utf8.count).count == Self.request.utf8.count)
        byReset ? accepted.reset() : accepted.close()
        let text = try client.receiveText()
        #expect(text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(text.hasSuffix("\(byReset ? "reset" : "closed") the connection before it answered\n"))
        client.close()
        #expect(
            try proxy.rows(
                "SELECT tap, close_kind, closed_by, bytes_server > 0"
                    + " FROM connections JOIN captures ON captures.id = capture_id ORDER BY tap"
            )
                == ["proxy-back|\(byReset ? "rst" : "fin")|server|0", "proxy-front|fin|server|1"])
    }

    @Test("cut before an answer to a HEAD: no body")
    func cutHead() throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server)
        let client = try proxy.client()
        try client.send("HEAD / HTTP/1.1\r\nHost: example\r\n\r\n")
        let accepted = try server.accept()
        _ = try accepted.receive()
        accepted.close()
        #expect(try client.receiveText().hasSuffix("\r\n\r\n"))
    }

    @Test("cut within an answer: what came and the end of it, nothing else", arguments: [true, false])
    func cutWithin(_ byReset: Bool) throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server)
        let client = try proxy.client()
        try client.send(Self.request)
        let accepted = try server.accept()
        _ = try accepted.receive(exactly: Self.request.utf8.count)
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        try accepted.send(half)
        #expect(try client.receive(exactly: half.utf8.count) == Array(half.utf8))
        byReset ? accepted.reset() : accepted.close()
        #expect(try client.receive() == (byReset ? .reset : .ended))
    }
}
