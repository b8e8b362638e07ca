import EngineIO
import Replay
import Taps
import TestSupport
import Testing
import TimelineModel

@testable import ReplayDrivers

@Suite("A server's driver")
struct ServerDriverTests {
    @Test("serves one request after the other on a connection, also where they come at once")
    func keepAlive() throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.send("GET /1 HTTP/1.1\r\nOrigin: http://a\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n")
        let text = try client.receiveText()
        let answers = text.components(separatedBy: "HTTP/1.1 200 OK\r\n").dropFirst()
        #expect(answers.map { $0.hasSuffix("/1") || $0.hasSuffix("/2") } == [true, true])
        #expect(answers.first?.contains("Access-Control-Allow-Origin: http://a\r\n") == true)
        #expect(answers.first?.contains("Content-Length: 2\r\n") == true)
        #expect(answers.last?.contains("Connection: close\r\n") == true)
        let events = server.stop().role.events
        #expect(events.count == 3)
        #expect(events.last == .closed(on: 0, wasReset: false))
    }

    @Test("answers a browser's preflight, HEAD without a body, and what is no HTTP with 400")
    func answers() throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.send(
            "OPTIONS /x HTTP/1.1\r\nOrigin: http://a\r\nAccess-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: x-y\r\n\r\n")
        let preflight = try client.receiveHead()
        #expect(preflight.hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(preflight.contains("Access-Control-Allow-Headers: x-y\r\n"))
        try client.send("HEAD /abc HTTP/1.1\r\n\r\n")
        #expect(try client.receiveHead().contains("Content-Length: 4\r\n"))
        try client.send("nonsense\r\n\r\n")
        #expect(try client.receiveText().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        // The role has heard of the one that was for it.
        #expect(server.stop().role.events.count == 2)
    }

    @Test(
        "refuses what is no handshake of a WebSocket",
        arguments: [
            ("Sec-WebSocket-Version: 13\r\n", "400"),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", "426"),
        ])
    func refusals(_ fields: String, _ status: String) throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.send("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\(fields)\r\n")
        #expect(try client.receiveHead().hasPrefix("HTTP/1.1 \(status) "))
        #expect(server.stop().role.events.isEmpty)
    }

    @Test("speaks WebSocket, from the bytes behind the handshake on; answers pings and the close")
    func webSocket() throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.send(Array((LoopbackSocket.handshake + "\r\n").utf8) + [0x81, 0x81, 0, 0, 0, 0, 0x61])
        let head = try client.receiveHead()
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(try client.receive(exactly: 3) == [0x81, 1, 0x61])
        try client.sendFrame(0x89, [7])
        #expect(try client.receive(exactly: 3) == [0x8A, 1, 7])
        try client.sendFrame(0x88, [0x03, 0xE8])
        let (bytes, end) = try client.receiveAll()
        #expect(bytes == [0x88, 2, 0x03, 0xE8])
        #expect(end == .ended)
        client.close()
        let events = server.stop().role.events
        #expect(
            events.dropFirst() == [
                .message(.text("a"), on: 0), .control(.ping([7]), on: 0),
                .control(.close(code: 1000, reason: ""), on: 0), .closed(on: 0, wasReset: false),
            ])
    }

    @Test("deflates where both want it")
    func deflate() throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.send(LoopbackSocket.handshake + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        #expect(try client.receiveHead().contains("Sec-WebSocket-Extensions: permessage-deflate\r\n"))
        try client.sendFrame("aaaa")
        let frame = try client.receive(exactly: 2)
        #expect(frame[0] == 0xC1)
        _ = server.stop()
    }

    @Test("fails what breaks the protocol with the code for it")
    func broken() throws {
        let server = try ServerUnderTest(.echo)
        let client = try server.connect()
        try client.upgrade()
        try client.send([0x81, 1, 0x61])
        let (bytes, end) = try client.receiveAll()
        #expect(bytes == [0x88, 2, 0x03, 0xEA])
        #expect(end == .ended)
        #expect(
            server.stop().role.events.suffix(2) == [
                .broken(code: 1002, reason: "a client's frame is not masked", on: 0), .closed(on: 0, wasReset: false),
            ])
    }

    @Test(
        "ends a connection in the way that is asked for",
        arguments: [
            (ConnectionEnd.webSocketClose(code: nil, reason: ""), [0x88, 0], LoopbackSocket.Outcome.ended),
            (.webSocketClose(code: 4000, reason: "x"), [0x88, 3, 0x0F, 0xA0, 0x78], .ended),
            (.fin, [], .ended), (.reset, [], .reset),
        ] as [(ConnectionEnd, [UInt8], LoopbackSocket.Outcome)])
    func ends(_ end: ConnectionEnd, _ expected: [UInt8], _ outcome: LoopbackSocket.Outcome) throws {
        let server = try ServerUnderTest(
            ScriptedRole { _, event, _ in
                switch event {
                case .request(_, let number): [.acceptWebSocket(on: number, deflate: false)]
                case .message(_, let number): [.end(end, on: number)]
                default: []
                }
            })
        let client = try server.connect()
        try client.upgrade()
        try client.sendFrame("go")
        if !expected.isEmpty {
            #expect(try client.receive(exactly: expected.count) == expected)
            try client.sendFrame(0x88, [])
        }
        #expect(try client.receive() == outcome)
        #expect(server.stop().role.events.last == .closed(on: 0, wasReset: false))
    }

    @Test("tells a client's FIN from its reset")
    func clientEnds() throws {
        for wasReset in [false, true] {
            let role = ScriptedRole { role, event, _ in
                switch event {
                case .request(_, let number): return [.acceptWebSocket(on: number, deflate: false)]
                case .closed:
                    role.isFinished = true
                    return []
                default: return []
                }
            }
            let server = try ServerUnderTest(role)
            let client = try server.connect()
            try client.upgrade()
            if wasReset { client.reset() } else { client.close() }
            try server.driver.finished.wait()
            #expect(server.stop().role.events.last == .closed(on: 0, wasReset: wasReset))
        }
    }

    @Test("keeps the role's time: a deadline within 50 ms of its due, and not before it")
    func deadline() throws {
        let role = ScriptedRole { role, event, now in
            switch event {
            case .request(_, let number):
                role.deadline = Timestamp(nanoseconds: now.nanoseconds + 100_000_000)
                return [.acceptWebSocket(on: number, deflate: false)]
            case .timePassed:
                let late = now.nanoseconds - (role.deadline?.nanoseconds ?? 0)
                role.deadline = nil
                return [.send(.text("\(late)"), on: 0), .end(.fin, on: 0)]
            default: return []
            }
        }
        let server = try ServerUnderTest(role)
        let client = try server.connect()
        try client.upgrade()
        let bytes = try client.receiveAll().bytes
        let late = try #require(Int(String(decoding: bytes.dropFirst(2), as: UTF8.self)))
        #expect(late >= 0 && late < 50_000_000)
        _ = server.stop()
    }

    @Test("tells that the client is gone, behind what it said last")
    func clientGone() throws {
        let role = ScriptedRole { role, event, _ in
            role.isFinished = event == .clientGone
            if case .request(_, let number) = event { return [.acceptWebSocket(on: number, deflate: false)] }
            return []
        }
        let server = try ServerUnderTest(role)
        let client = try server.connect()
        try client.upgrade()
        try client.sendFrame("last")
        client.close()
        server.driver.clientGone()
        try server.driver.finished.wait()
        #expect(
            server.stop().role.events.suffix(3) == [
                .message(.text("last"), on: 0), .closed(on: 0, wasReset: false), .clientGone,
            ])
    }

    @Test("stops a client that floods")
    func flood() throws {
        var settings = ServerDriver<ScriptedRole>.Settings()
        settings.eventLimit = 100
        let server = try ServerUnderTest(.echo, settings: settings)
        let client = try server.connect()
        try client.upgrade()
        for _ in 0..<200 { try client.sendFrame("x") }
        try server.driver.finished.wait()
        #expect(server.stop().flood == .events(101))
    }

    @Test("stops a client that sends and sends without coming to an end, on however many connections")
    func floodOfBytes() throws {
        var settings = ServerDriver<ScriptedRole>.Settings()
        settings.byteLimit = 1 << 20
        let server = try ServerUnderTest(.echo, settings: settings)
        let clients = try (0..<4).map { _ in try server.connect() }
        // A message of 16 MiB each, of which so much comes: more than is to be held only in all.
        let part = [0x81, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0x78, count: 300_000)
        for client in clients {
            try client.upgrade()
            try client.send(part)
        }
        try server.driver.finished.wait()
        guard case .bytes(let count)? = server.stop().flood else {
            Issue.record("no flood of bytes")
            return
        }
        #expect(count > 1 << 20)
    }

    @Test("stops a client with too many connections at once")
    func floodOfConnections() throws {
        var settings = ServerDriver<ScriptedRole>.Settings()
        settings.connectionLimit = 10
        let server = try ServerUnderTest(.echo, settings: settings)
        let clients = try (0..<11).map { _ in try server.connect() }
        try server.driver.finished.wait()
        #expect(server.stop().flood == .connections(11))
        for client in clients { client.close() }
    }

    @Test("names an address that is taken")
    func inUse() throws {
        let server = try ServerUnderTest(.echo)
        #expect(
            throws: TapError(
                "127.0.0.1:\(server.port) is in use; stop what listens there or give another port with --listen")
        ) {
            _ = try ServerUnderTest.second(on: server.port)
        }
        _ = server.stop()
    }
}

extension ServerUnderTest {
    fileprivate static func second(on port: Int) throws -> HostPort {
        let server = try ServerUnderTest(.echo)
        defer { _ = server.stop() }
        return try server.driver.listen(on: HostPort(host: "127.0.0.1", port: port))
    }
}
