import Decoding
import Testing
import TimelineModel

@Suite("WebSockets of a connection")
struct WebSocketConnectionTests {
    @Test("a session from its upgrade to its close, in segments of any size", arguments: [1448, 7, 1])
    func session(_ segmentBytes: Int) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.segmentBytes = segmentBytes
        traffic.send(connection, .client, Peer.upgrade(Peer.socketIO))
        // The 101 and the first frame share a segment.
        traffic.send(connection, .server, Array(Peer.switching().utf8) + Peer.text(.server, Peer.open("a")))
        traffic.text(connection, .client, "40")
        traffic.send(connection, .server, Peer.text(.server, "40{\"sid\":\"x\"}") + Peer.text(.server, "2"))
        traffic.text(connection, .client, "3")
        traffic.text(connection, .client, "42/admin,7[\"a\"]")
        traffic.send(connection, .server, Peer.frame(.server, [0x03, 0xE8] + Array("bye".utf8), opcode: 8))
        traffic.fin(connection, .server)
        traffic.fin(connection, .client)
        let output = try traffic.decoded()
        #expect(output.anomalies.isEmpty)
        #expect(
            output.lines.dropFirst() == [
                "> ws message connect", "< ws message connect {\"sid\":\"x\"}", "< ws ping", "> ws pong",
                "> ws message event /admin [\"a\"]", "< ws opcode8 1000 bye",
            ])
        let session = try #require(output.sessions.first)
        #expect(output.sessions.count == 1)
        #expect(session.endClass == .webSocketClose)
        #expect(session.closeCode == 1000)
        #expect(session.endedBy == .server)
        #expect(output.connections.map(\.closeKind) == [.webSocketClose])
        #expect(output.latestExchanges.map(\.status) == [101])
        #expect(output.latestExchanges.map(\.sessionID) == [1])
    }

    @Test("polling, upgrade and WebSocket are one session")
    func upgrade() throws {
        var traffic = Traffic()
        let polling = traffic.open()
        traffic.exchange(
            polling, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a", upgrades: "\"websocket\"")))
        let webSocket = traffic.open(clientPort: 50_001)
        traffic.exchange(webSocket, Peer.upgrade(Peer.socketIO + "&sid=a"), Peer.switching())
        traffic.text(webSocket, .client, "2probe")
        traffic.text(webSocket, .server, "3probe")
        traffic.exchange(polling, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", "6"))
        traffic.text(webSocket, .client, "5")
        traffic.fin(polling, .client)
        traffic.text(webSocket, .server, "42[\"tick\"]")
        traffic.fin(webSocket, .client)
        let output = try traffic.decoded()
        #expect(output.anomalies.isEmpty)
        #expect(
            output.lines.dropFirst() == [
                "> ws ping probe", "< ws pong probe", "< lp noop", "> ws upgrade", "< ws message event [\"tick\"]",
            ])
        #expect(output.sessions.map(\.transports) == [[.polling, .websocket]])
        #expect(output.sessions.map(\.endClass) == [.fin])
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var target = Peer.socketIO
        var fields: [String] = []
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        let lines: [String]
        var codes: [String] = []
        var sessions = 1
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case(
            name: "a plain WebSocket", target: "/chat",
            make: {
                $0.text($1, .client, "hello")
                $0.send($1, .server, Peer.frame(.server, [1, 2], opcode: 2))
                $0.send($1, .server, Peer.frame(.server, [0x68, 0x69], opcode: 9))
                $0.send($1, .client, Peer.frame(.client, [0x68, 0x69], opcode: 10))
                $0.text($1, .server, "2")
            },
            lines: [
                "> ws opcode1 hello", "< ws opcode2 [1, 2]", "< ws opcode9 hi", "> ws opcode10 hi", "< ws opcode1 2",
            ], sessions: 0),
        Case(
            name: "deflate", target: "/chat", fields: ["Sec-WebSocket-Extensions: permessage-deflate"],
            make: {
                // The examples of RFC 7692, section 7.2.3.
                let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
                let again: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
                $0.send($1, .client, Peer.frame(.client, first, rsv1: true))
                $0.send($1, .server, Peer.frame(.server, first, rsv1: true))
                $0.send($1, .client, Peer.frame(.client, again, rsv1: true))
                $0.text($1, .server, "plain")
            },
            lines: [
                "> ws opcode1 Hello (compressed)", "< ws opcode1 Hello (compressed)", "> ws opcode1 Hello (compressed)",
                "< ws opcode1 plain",
            ], sessions: 0),
        Case(
            name: "deflate that forgets, on one side", target: "/chat",
            fields: ["Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"],
            make: {
                let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
                let again: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
                for sender in Sender.allCases {
                    $0.send($1, sender, Peer.frame(sender, first, rsv1: true))
                    $0.send($1, sender, Peer.frame(sender, again, rsv1: true))
                }
            },
            lines: [
                "> ws opcode1 Hello (compressed)", "> ws opcode1 Hello (compressed)", "< ws opcode1 Hello (compressed)",
                "< ws opcode1 (compressed)",
            ], codes: ["websocket.unreadable-message", "websocket.deflate-error"], sessions: 0),
        Case(
            name: "an HTTP answer inside the WebSocket",
            make: { $0.send($1, .server, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"code\":5}") },
            lines: [], codes: ["websocket.http-text", "websocket.undecoded-bytes"], sessions: 0),
        Case(
            name: "masks on the wrong side are told once a side, with how often",
            make: {
                $0.send($1, .server, Peer.text(.client, Peer.open("a")) + Peer.text(.client, "2"))
                $0.send($1, .client, Peer.text(.server, "3") + Peer.text(.server, "3"))
            },
            lines: ["< ws open \(Peer.open("a").dropFirst())", "< ws ping", "> ws pong", "> ws pong"],
            codes: [
                "websocket.masked-server-frame", "websocket.masked-server-frame", "websocket.unmasked-client-frame",
                "websocket.unmasked-client-frame",
            ]),
        Case(
            name: "a text that is no UTF-8", target: "/chat",
            make: { $0.send($1, .client, Peer.frame(.client, [0x61, 0xFF])) },
            lines: ["> ws opcode1 a\u{FFFD}"], codes: ["websocket.invalid-utf8"], sessions: 0),
        Case(
            name: "close frames", target: "/chat",
            make: {
                $0.send($1, .client, Peer.frame(.client, [3], opcode: 8))
                $0.send($1, .server, Peer.frame(.server, [0x03, 0xED], opcode: 8))
                $0.send($1, .server, Peer.frame(.server, [0x0F, 0xA0, 0x78], opcode: 8))
            },
            lines: ["> ws opcode8", "< ws opcode8 1005", "< ws opcode8 4000 x"],
            codes: ["websocket.invalid-close", "websocket.invalid-close"], sessions: 0),
        Case(
            name: "an attachment and its header",
            make: {
                $0.text($1, .server, Peer.open("a"))
                $0.text($1, .server, "451-[\"f\",{\"_placeholder\":true,\"num\":0}]")
                $0.send($1, .server, Peer.frame(.server, [9], opcode: 2))
            },
            lines: [
                "< ws open \(Peer.open("a").dropFirst())",
                "< ws message binary_event [\"f\",{\"_placeholder\":true,\"num\":0}]", "< ws message attachment [9]",
            ]),
        Case(
            name: "a message that is no Engine.IO packet",
            make: {
                $0.text($1, .server, Peer.open("a"))
                $0.text($1, .server, "hello")
            },
            lines: ["< ws open \(Peer.open("a").dropFirst())", "< ws opcode1 hello"],
            codes: ["engineio.malformed-packet"]),
        Case(
            name: "client bytes before the answer to the upgrade are frames", target: "/chat",
            make: { $0.text($1, .client, "late") }, lines: ["> ws opcode1 early", "> ws opcode1 late"], sessions: 0),
    ]

    @Test("what it carries", arguments: cases)
    func carries(_ webSocketCase: Case) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.send(connection, .client, Peer.upgrade(webSocketCase.target))
        if webSocketCase.name.hasPrefix("client bytes") { traffic.text(connection, .client, "early") }
        let fields = webSocketCase.fields.map { "\r\n" + $0 }.joined()
        traffic.send(connection, .server, Peer.switching().dropLast(4) + fields + "\r\n\r\n")
        webSocketCase.make(&traffic, connection)
        let output = try traffic.decoded()
        #expect(output.lines == webSocketCase.lines)
        #expect(output.codes.sorted() == webSocketCase.codes.sorted())
        #expect(output.sessions.count == webSocketCase.sessions)
        #expect(output.connections.map(\.application) == [.websocket])
    }

    @Test("a refused upgrade goes on as HTTP")
    func refused() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.send(connection, .client, Peer.upgrade(Peer.socketIO) + Peer.get(Peer.polling))
        traffic.send(connection, .server, Peer.answer("400 Bad Request", "{\"code\":3,\"message\":\"Bad request\"}"))
        traffic.send(connection, .server, Peer.answer("200 OK", Peer.open("a")))
        let output = try traffic.decoded()
        #expect(output.latestExchanges.map(\.status) == [400, 200])
        #expect(output.latestExchanges.map(\.errorCode) == [3, nil])
        #expect(output.sessions.map(\.sid) == ["a"])
        #expect(output.anomalies.isEmpty)
    }

    @Test("through a proxy's tunnel")
    func tunnel() throws {
        var traffic = Traffic()
        let connection = traffic.open(serverPort: 3128)
        traffic.exchange(connection, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")
        traffic.exchange(connection, Peer.upgrade(Peer.socketIO), Peer.switching())
        traffic.text(connection, .server, Peer.open("a"))
        let output = try traffic.decoded()
        #expect(output.sessions.map(\.sid) == ["a"])
        #expect(output.lines.count == 1)
        #expect(output.anomalies.isEmpty)
    }

    @Test("of one kind of anomaly at most a hundred are kept, and the rest is counted")
    func manyAnomalies() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.upgrade("/chat"), Peer.switching())
        for _ in 0..<150 { traffic.send(connection, .server, Peer.frame(.server, [], opcode: 3)) }
        let output = try traffic.decoded()
        let reserved = output.anomalies("websocket.reserved-opcode")
        #expect(reserved.count == 101)
        #expect(reserved.last?.detail == "50 more of this kind on this connection")
    }

    @Test("messages over the limit are rows that say so")
    func limit() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        traffic.text(connection, .server, "42[\"\(String(repeating: "x", count: 2000))\"]")
        traffic.text(connection, .server, "2")
        var limits = DecodingLimits()
        limits.messageBytes = 1000
        let output = try traffic.decoded(limits: limits)
        #expect(output.lines.suffix(2) == ["< ws opcode1", "< ws ping"])
        #expect(
            output.codes.sorted() == [
                "websocket.frame-over-limit", "websocket.undecoded-bytes", "websocket.unreadable-message",
            ])
        #expect(output.frames.dropLast().last?.wireBytes == 2010)
    }

    @Test("a mask on the first frame of the server is told of the session that the frame opens")
    func maskedOpen() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.upgrade(Peer.socketIO), Peer.switching())
        traffic.send(connection, .server, Peer.text(.client, Peer.open("a")))
        let output = try traffic.decoded()
        #expect(output.anomalies("websocket.masked-server-frame").map(\.sessionID) == [1])
    }
}
