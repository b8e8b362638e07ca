import Decoding
import Testing
import TimelineModel

@Suite("Connections")
struct ConnectionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let application: ConnectionApplication
        var codes: [String] = []
        let make: @Sendable (inout Traffic) -> Void
        var testDescription: String { self.name }
    }

    private static let hello: [UInt8] = [0x16, 3, 1, 0, 50] + [UInt8](repeating: 7, count: 50)
    private static let data: [UInt8] = [0x17, 3, 3, 0, 90] + [UInt8](repeating: 9, count: 90)

    static let cases: [Case] = [
        Case(name: "TLS", application: .tls, codes: ["tls.not-decrypted"]) { traffic in
            let connection = traffic.open(serverPort: 443)
            traffic.send(connection, .client, Self.hello)
            for _ in 0..<20 { traffic.send(connection, .server, Self.data) }
        },
        Case(name: "TLS on any port", application: .tls, codes: ["tls.not-decrypted"]) { traffic in
            let connection = traffic.open(serverPort: 3000)
            traffic.send(connection, .client, Self.hello)
        },
        Case(name: "TLS, joined", application: .tls, codes: ["tls.not-decrypted"]) { traffic in
            let connection = traffic.connection(serverPort: 443)
            traffic.send(connection, .server, [1, 2, 3, 4, 5, 6])
            traffic.send(connection, .server, Self.data)
            traffic.send(connection, .client, Self.data)
        },
        Case(name: "TLS through a proxy", application: .tls, codes: ["tls.not-decrypted"]) { traffic in
            let connection = traffic.open(serverPort: 3128)
            traffic.exchange(
                connection, "CONNECT a:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 Connection established\r\n\r\n")
            traffic.send(connection, .client, Self.hello)
            traffic.send(connection, .server, Self.data)
        },
        Case(name: "HTTP/2", application: .unknown, codes: ["http.http2-not-read"]) { traffic in
            let connection = traffic.open()
            traffic.send(connection, .client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        },
        Case(name: "HTTP/2 by an upgrade", application: .unknown, codes: ["http.http2-not-read"]) { traffic in
            let connection = traffic.open()
            traffic.exchange(
                connection, Peer.get("/", "Upgrade: h2c"), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
            traffic.send(connection, .client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        },
        Case(name: "SSH", application: .unknown) { traffic in
            let connection = traffic.open(serverPort: 22)
            traffic.send(connection, .server, "SSH-2.0-OpenSSH_9.6\r\n")
            traffic.send(connection, .client, "SSH-2.0-OpenSSH_9.7\r\n")
        },
        Case(name: "a server that speaks first", application: .unknown) { traffic in
            let connection = traffic.open(serverPort: 25)
            traffic.send(connection, .server, "220 mail\r\n")
            traffic.send(connection, .client, "HELO a\r\n")
        },
        Case(name: "nothing", application: .unknown) { traffic in _ = traffic.open() },
        Case(name: "HTTP in single bytes", application: .http) { traffic in
            let connection = traffic.open()
            traffic.segmentBytes = 1
            traffic.exchange(connection, Peer.get("/"), Peer.answer("200 OK", "hello"))
        },
        Case(name: "what began as HTTP", application: .http, codes: ["http.undecoded-bytes"]) { traffic in
            let connection = traffic.open()
            traffic.send(connection, .client, "GET / and no more of it\r\n\r\n")
        },
    ]

    @Test("what it carries", arguments: cases)
    func application(_ connectionCase: Case) throws {
        var traffic = Traffic()
        connectionCase.make(&traffic)
        let output = try traffic.decoded()
        #expect(output.connections.map(\.application) == [connectionCase.application])
        #expect(output.codes == connectionCase.codes)
        #expect(output.anomalies.allSatisfy { $0.connectionID == output.connections[0].id })
        #expect(output.frames.isEmpty)
        #expect(output.sessions.isEmpty)
    }

    struct End: CustomTestStringConvertible, Sendable {
        let name: String
        let kind: CloseKind
        var closedBy: Sender?
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        var testDescription: String { self.name }
    }

    static let ends: [End] = [
        End(name: "capture end", kind: .captureEnd) { _, _ in },
        End(name: "FIN", kind: .fin, closedBy: .client) {
            $0.fin($1, .client)
            $0.fin($1, .server)
        },
        End(name: "FIN, then RST", kind: .fin, closedBy: .server) {
            $0.fin($1, .server)
            $0.reset($1, .client)
        },
        End(name: "RST", kind: .rst, closedBy: .server) { $0.reset($1, .server) },
        End(name: "FIN after a request", kind: .fin, closedBy: .server) {
            $0.exchange($1, Peer.get("/"), Peer.answer("200 OK", ""))
            $0.fin($1, .server)
        },
        End(name: "FIN behind what the capture misses", kind: .fin, closedBy: .server) {
            $0.exchange($1, Peer.get("/"), Peer.answer("200 OK", ""))
            $0.lose($1, .server, [1, 2, 3])
            $0.fin($1, .server)
        },
        End(name: "RST of something else", kind: .rst, closedBy: .client) {
            $0.send($1, .server, "220 mail\r\n")
            $0.reset($1, .client)
        },
        End(name: "a close frame, then FIN", kind: .webSocketClose, closedBy: .server) {
            $0.exchange($1, Peer.upgrade("/chat"), Peer.switching())
            $0.send($1, .server, Peer.frame(.server, [], opcode: 8))
            $0.fin($1, .client)
        },
    ]

    @Test("how it ends", arguments: ends)
    func end(_ end: End) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        end.make(&traffic, connection)
        let facts = try traffic.decoded().connections
        #expect(facts.map(\.closeKind) == [end.kind])
        #expect(facts.map(\.closedBy) == [end.closedBy])
        #expect((facts[0].closed == nil) == (end.kind == .captureEnd))
    }

    @Test("a port that is used again is another connection")
    func reuse() throws {
        var traffic = Traffic()
        let first = traffic.open()
        traffic.exchange(first, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        let second = traffic.open()
        traffic.exchange(second, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("b")))
        let output = try traffic.decoded()
        #expect(output.connections.count == 2)
        #expect(output.sessions.map(\.sid) == ["a", "b"])
        #expect(output.frames.map(\.connectionID) == [1, 2])
    }

    @Test("connections that were refused are listed")
    func refused() throws {
        var traffic = Traffic()
        for _ in 0..<3 {
            let connection = traffic.connection()
            traffic.syn(connection)
            traffic.reset(connection, .server)
        }
        let output = try traffic.decoded()
        #expect(output.connections.map(\.closeKind) == [.rst, .rst, .rst])
        #expect(output.connections.map(\.closedBy) == [.server, .server, .server])
    }

    @Test("each packet twice gives the same rows as once")
    func doubled() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        traffic.text(connection, .server, "42[\"tick\",1]")
        traffic.fin(connection, .server)
        traffic.fin(connection, .client)
        var doubled = Array(traffic.bytes.prefix(24))
        var at = 24
        while at < traffic.bytes.count {
            let length = 16 + Int(traffic.bytes[at + 8]) + Int(traffic.bytes[at + 9]) << 8
            doubled += traffic.bytes[at..<at + length] + traffic.bytes[at..<at + length]
            at += length
        }
        let once = try traffic.decoded()
        let twice = try DoorOutput.capture(doubled)
        #expect(twice.frames == once.frames)
        #expect(twice.sessions == once.sessions)
        #expect(twice.connections == once.connections)
        #expect(twice.anomalies == once.anomalies)
    }

    @Test("idle connections are let go, and what comes later begins anew")
    func idle() throws {
        var traffic = Traffic()
        let idle = traffic.session("a")
        traffic.wait(2_000)
        let busy = traffic.open(clientPort: 50_001)
        // Sweeps come with packets: one of them falls into these.
        for _ in 0..<66_000 { traffic.acknowledge(busy, .client) }
        traffic.text(idle, .server, "42[\"tick\",1]")
        var limits = DecodingLimits()
        limits.idleConnectionNs = 1_000_000_000
        let output = try traffic.decoded(limits: limits)
        #expect(output.connections.filter { $0.clientPort == 50_000 }.map(\.completeHead) == [true, false])
        #expect(output.lines.last == "< ws message event [\"tick\",1] (after-gap)")
        #expect(try traffic.decoded().connections.count == 2)
    }

    @Test("the longest idle connection makes room for a new one")
    func limit() throws {
        var traffic = Traffic()
        let connections = (0..<20).map { traffic.open(clientPort: 50_000 + $0) }
        for connection in connections { traffic.fin(connection, .client) }
        var limits = DecodingLimits()
        limits.connections = 4
        let output = try traffic.decoded(limits: limits)
        // The first are gone when their FIN comes, which then is all that is seen of a connection.
        #expect(output.connections.count > 20)
        #expect(Set(output.connections.map(\.id)).count == output.connections.count)
        #expect(Set(output.connections.map(\.clientPort)).count == 20)
    }
}
