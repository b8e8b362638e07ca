import Decoding
import Testing
import TimelineModel

@Suite("Loss and joining late")
struct LossTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable (inout Traffic) -> Void
        let lines: [String]
        var codes: [String] = []
        var sessions = 1
        var testDescription: String { self.name }
    }

    private static let event = "42[\"tick\",1]"
    private static let tick = "message event [\"tick\",1]"

    static let joins: [Case] = [
        Case(
            name: "a session under way",
            make: {
                let connection = $0.connection()
                $0.send(connection, .server, "the rest of a message")
                $0.text(connection, .server, "2")
                $0.text(connection, .client, "3")
                $0.text(connection, .client, event)
                $0.text(connection, .server, event)
            }, lines: ["< ws ping (after-gap)", "> ws pong (after-gap)", "> ws \(tick)", "< ws \(tick)"]),
        Case(
            name: "a deflated message that refers back is a row that says so",
            make: {
                let connection = $0.connection()
                $0.text(connection, .server, event)
                $0.send(connection, .server, Peer.frame(.server, [0xF2, 0x00, 0x11, 0x00, 0x00], rsv1: true))
                $0.text(connection, .server, "2")
            }, lines: ["< ws \(tick) (after-gap)", "< ws opcode1 (compressed)", "< ws ping"],
            codes: ["websocket.unreadable-message"]),
        Case(
            name: "messages that wait for a text to say what they are",
            make: {
                let connection = $0.connection()
                $0.send(connection, .server, Peer.frame(.server, [UInt8](repeating: 4, count: 150), opcode: 2))
                $0.send(connection, .server, Peer.frame(.server, [0x68, 0x69], opcode: 9))
                $0.text(connection, .server, event)
            },
            lines: [
                "< ws message \([UInt8](repeating: 4, count: 150)) (after-gap)", "< ws opcode9 hi", "< ws \(tick)",
            ]),
        Case(
            name: "many messages before a text says what they are",
            make: {
                let connection = $0.connection()
                for index in 0..<100 {
                    let byte = UInt8(index)
                    $0.send(connection, .server, Peer.frame(.server, [UInt8](repeating: byte, count: 150), opcode: 2))
                }
                $0.text(connection, .server, event)
            },
            lines: (0..<100).map { (byte: UInt8) in
                "< ws message \([UInt8](repeating: byte, count: 150))\(byte == 0 ? " (after-gap)" : "")"
            } + ["< ws \(tick)"]),
        Case(
            name: "a plain WebSocket",
            make: {
                let connection = $0.connection()
                $0.text(connection, .server, "{\"a\":\"what is this\"}")
            }, lines: ["< ws opcode1 {\"a\":\"what is this\"} (after-gap)"], sessions: 0),
        Case(
            name: "an answer to a poll that was under way",
            make: {
                let connection = $0.connection()
                $0.exchange(connection, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", event))
            }, lines: ["< lp \(tick)"]),
    ]

    static let losses: [Case] = [
        Case(
            name: "a message between others",
            make: {
                let connection = $0.session("a")
                $0.lose(connection, .server, Peer.text(.server, event))
                $0.text(connection, .server, event)
                $0.text(connection, .server, "2")
            }, lines: ["< ws \(tick) (after-gap)", "< ws ping"], codes: ["tcp.gap"]),
        Case(
            name: "a part of a message",
            make: {
                let connection = $0.session("a")
                let frame = Peer.text(.server, event)
                $0.send(connection, .server, Array(frame.prefix(4)))
                $0.lose(connection, .server, Array(frame[4..<9]))
                $0.send(connection, .server, Array(frame[9...]))
                $0.text(connection, .server, "2")
            }, lines: ["< ws opcode1 (after-gap)", "< ws ping"],
            codes: ["tcp.gap", "websocket.undecoded-bytes", "websocket.unreadable-message"]),
        Case(
            name: "what comes again in time is no loss",
            make: {
                let connection = $0.session("a")
                let missing = $0.lose(connection, .server, Peer.text(.server, event), arrives: false)
                $0.text(connection, .server, "2")
                $0.wait(300)
                $0.resend(connection, .server, missing)
            }, lines: ["< ws \(tick) (retransmitted)", "< ws ping"]),
        Case(
            name: "the end",
            make: {
                let connection = $0.session("a")
                $0.text(connection, .server, event)
                $0.lose(connection, .server, Peer.text(.server, event))
                $0.fin(connection, .server)
            }, lines: ["< ws \(tick)"], codes: ["tcp.gap"]),
        Case(
            name: "the request for the upgrade",
            make: {
                let connection = $0.open()
                $0.lose(connection, .client, Array(Peer.upgrade(Peer.socketIO).utf8))
                $0.send(connection, .server, Peer.switching())
                $0.text(connection, .server, Peer.open("a"))
                $0.text(connection, .client, "40")
                $0.text(connection, .client, event)
            },
            lines: [
                "< ws open \(Peer.open("a").dropFirst())", "> ws message connect (after-gap)", "> ws \(tick)",
            ], codes: ["tcp.gap"]),
        Case(
            name: "the answer to the upgrade",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Peer.upgrade(Peer.socketIO))
                $0.lose(connection, .server, Array(Peer.switching().utf8))
                $0.text(connection, .server, Peer.open("a"))
                $0.text(connection, .client, "40")
                $0.text(connection, .server, "40{\"sid\":\"x\"}")
                $0.wait(3_100)
                $0.text(connection, .client, event)
                $0.text(connection, .server, event)
            },
            lines: [
                "< ws open \(Peer.open("a").dropFirst()) (after-gap)", "> ws message connect (after-gap)",
                "< ws message connect {\"sid\":\"x\"}", "> ws \(tick)", "< ws \(tick)",
            ], codes: ["tcp.gap"]),
        Case(
            name: "the request and its answer",
            make: {
                let connection = $0.open()
                $0.lose(connection, .client, Array(Peer.upgrade(Peer.socketIO).utf8))
                $0.lose(connection, .server, Array(Peer.switching().utf8) + Peer.text(.server, Peer.open("a")))
                $0.text(connection, .client, event)
                $0.text(connection, .server, event)
            }, lines: ["> ws \(tick) (after-gap)", "< ws \(tick) (after-gap)"], codes: ["tcp.gap", "tcp.gap"]),
        Case(
            name: "client bytes between the request for an upgrade and its answer",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Peer.upgrade(Peer.socketIO))
                $0.lose(connection, .client, Peer.text(.client, "40"))
                $0.text(connection, .client, event)
                $0.acknowledge(connection, .server)
                $0.wait(3_100)
                $0.acknowledge(connection, .server)
                $0.send(connection, .server, Peer.switching())
                $0.text(connection, .server, Peer.open("a"))
            },
            lines: ["> ws \(tick) (after-gap)", "< ws open \(Peer.open("a").dropFirst())"], codes: ["tcp.gap"]),
        Case(
            name: "an answer to a poll, and the next exchange is whole",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
                $0.send(connection, .client, Peer.get(Peer.polling + "&sid=a"))
                $0.lose(connection, .server, Array(Peer.answer("200 OK", event).utf8))
                $0.exchange(connection, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", "2"))
                $0.wait(3_100)
                $0.exchange(connection, Peer.post(Peer.polling + "&sid=a", "3"), Peer.answer("200 OK", "ok"))
            }, lines: ["< lp ping", "> lp pong"], codes: ["tcp.gap"]),
        Case(
            name: "the end of a body of known length",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
                let answer = Array(Peer.answer("200 OK", event).utf8)
                $0.exchange(
                    connection, Peer.get(Peer.polling + "&sid=a"), String(decoding: answer.dropLast(3), as: UTF8.self))
                $0.lose(connection, .server, Array(answer.suffix(3)))
                $0.exchange(connection, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", "2"))
                $0.wait(3_100)
                $0.acknowledge(connection, .client)
            }, lines: ["< lp ping"], codes: ["http.incomplete-body", "tcp.gap"]),
    ]

    @Test("joined late", arguments: joins)
    func joined(_ lossCase: Case) throws {
        var traffic = Traffic()
        lossCase.make(&traffic)
        let output = try traffic.decoded()
        #expect(output.lines == lossCase.lines)
        #expect(output.codes.filter { $0 != "websocket.undecoded-bytes" } == lossCase.codes)
        #expect(output.sessions.count == lossCase.sessions)
        #expect(output.connections.map(\.completeHead) == [false])
        #expect(output.frames.map(\.id) == Array(1...Int64(lossCase.lines.count)))
    }

    @Test("bytes that are missing", arguments: losses)
    func lost(_ lossCase: Case) throws {
        var traffic = Traffic()
        lossCase.make(&traffic)
        let output = try traffic.decoded()
        let begin = output.lines.prefix { $0.contains("open") || $0.contains("connect") }.count
        let isWhole = !lossCase.lines.contains { $0.contains("open") || $0.contains("connect") }
        #expect(Array(output.lines.dropFirst(isWhole ? begin : 0)) == lossCase.lines)
        #expect(output.codes.sorted() == lossCase.codes)
        #expect(output.sessions.count == lossCase.sessions)
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        let gaps = lossCase.codes.contains("tcp.gap")
        #expect((output.connections[0].missingBytes > 0) == gaps)
    }

    @Test("one byte that is missing is one in words, too")
    func oneByte() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        traffic.lose(connection, .server, [0x89])
        traffic.send(connection, .server, [0x00])
        traffic.text(connection, .server, Self.event)
        let details = try traffic.decoded().anomalies("tcp.gap").map(\.detail)
        #expect(details.count == 1 && details[0].hasPrefix("1 byte not in the capture "), "\(details)")
    }

    @Test("gaps are counted in bytes, and as holes of their session")
    func counts() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        let frame = Peer.text(.server, Self.event)
        traffic.lose(connection, .server, frame)
        traffic.text(connection, .server, Self.event)
        traffic.lose(connection, .server, frame + frame)
        traffic.text(connection, .server, Self.event)
        let output = try traffic.decoded()
        #expect(output.connections.map(\.missingBytes) == [Int64(3 * frame.count)])
        #expect(output.sessions.map(\.holes) == [2])
        #expect(
            output.anomalies("tcp.gap").map(\.detail) == [
                "\(frame.count) bytes not in the capture at offset 183 of the server's stream; expected all that was sent",
                "\(2 * frame.count) bytes not in the capture at offset \(183 + 2 * frame.count) of the server's stream; "
                    + "expected all that was sent",
            ])
    }

    @Test("what is missing before the session is known is a hole of it")
    func early() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let request = Array(Peer.upgrade(Peer.socketIO).utf8)
        traffic.send(connection, .client, Array(request.prefix(60)))
        traffic.lose(connection, .client, Array(request.dropFirst(60)))
        traffic.send(connection, .server, Peer.switching())
        traffic.text(connection, .server, Peer.open("a"))
        traffic.text(connection, .client, "40")
        let output = try traffic.decoded()
        #expect(output.sessions.map(\.holes) == [1])
        #expect(output.anomalies("tcp.gap").map(\.sessionID) == [1])
    }

    struct Closing: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        let closer: Sender?
        var testDescription: String { self.name }
    }

    private static let close: [UInt8] = [3, 0xE8]

    @Test(
        "who closed a WebSocket is told where both ends are read",
        arguments: [
            Closing(
                name: "nothing is missing",
                make: {
                    $0.send($1, .client, Peer.frame(.client, close, opcode: 8))
                    $0.send($1, .server, Peer.frame(.server, close, opcode: 8))
                }, closer: .client),
            Closing(
                name: "the other end's last frame is missing",
                make: {
                    $0.lose($1, .client, Peer.frame(.client, close, opcode: 8))
                    $0.send($1, .client, [0x88])
                    $0.send($1, .server, Peer.frame(.server, close, opcode: 8))
                }, closer: nil),
            Closing(
                name: "the other end's close frame comes behind what is missing of it, and later",
                make: {
                    $0.lose($1, .client, Peer.text(.client, event))
                    $0.send($1, .server, Peer.frame(.server, close, opcode: 8))
                    $0.text($1, .client, event)
                    $0.send($1, .client, Peer.frame(.client, close, opcode: 8))
                }, closer: .server),
            Closing(
                name: "what is missing lies before frames that are read",
                make: {
                    $0.lose($1, .client, Peer.text(.client, event))
                    $0.text($1, .client, event)
                    $0.send($1, .server, Peer.frame(.server, close, opcode: 8))
                }, closer: .server),
            Closing(
                name: "of the end that closes it something is missing",
                make: {
                    $0.lose($1, .server, Peer.text(.server, event))
                    $0.text($1, .server, event)
                    $0.send($1, .server, Peer.frame(.server, close, opcode: 8))
                }, closer: .server),
        ])
    func closers(_ closing: Closing) throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        closing.make(&traffic, connection)
        let output = try traffic.decoded()
        #expect(output.sessions.map(\.endedBy) == [closing.closer])
        #expect(output.sessions.map(\.endClass) == [.webSocketClose])
        #expect(output.connections.map(\.closedBy) == [closing.closer])
    }

    @Test("joined late in tiny pieces: of an end that is not read nobody knows whether it closed")
    func tinyPieces() throws {
        var traffic = Traffic()
        let connection = traffic.connection()
        for _ in 0..<3 { traffic.text(connection, .server, Self.event) }
        traffic.segmentBytes = 2
        traffic.send(connection, .client, Peer.frame(.client, Self.close, opcode: 8))
        traffic.segmentBytes = 1448
        traffic.send(connection, .server, Peer.frame(.server, Self.close, opcode: 8))
        let output = try traffic.decoded()
        #expect(output.sessions.map(\.endedBy) == [nil])
        #expect(output.connections.map(\.undecodedBytes) == [8])
    }

    @Test("a snap length that cuts all payload: a gap of each end with its count", arguments: [1, 200])
    func allCut(_ messages: Int) throws {
        var traffic = Traffic()
        traffic.snapLength = 40
        let connection = traffic.session("a")
        for _ in 0..<messages { traffic.text(connection, .client, Self.event) }
        let output = try traffic.decoded()
        let facts = try #require(output.connections.first)
        #expect(facts.missingBytes == facts.bytesClient + facts.bytesServer)
        #expect(
            Set(output.anomalies("tcp.gap").map(\.detail)) == [
                "\(facts.bytesClient) bytes not in the capture at offset 0 of the client's stream; "
                    + "expected all that was sent",
                "\(facts.bytesServer) bytes not in the capture at offset 0 of the server's stream; "
                    + "expected all that was sent",
            ])
        #expect(output.codes.count { $0 == "tcp.gap" } == 2)
    }

    @Test("what is missing of an exchange is no hole of the WebSocket that follows it")
    func earlier() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let answer = Array(Peer.answer("200 OK", String(repeating: "a", count: 100)).utf8)
        traffic.send(connection, .client, Peer.get("/index.html"))
        traffic.send(connection, .server, Array(answer.prefix(80)))
        traffic.lose(connection, .server, Array(answer[80..<90]))
        traffic.send(connection, .server, Array(answer.dropFirst(90)))
        traffic.exchange(connection, Peer.upgrade(Peer.socketIO), Peer.switching())
        traffic.text(connection, .server, Peer.open("a"))
        let output = try traffic.decoded()
        #expect(output.sessions.map(\.holes) == [0])
        #expect(output.anomalies("tcp.gap").map(\.sessionID) == [nil])
    }

    @Test("frames are in time order while another connection waits for what is missing", arguments: [false, true])
    func order(_ isNew: Bool) throws {
        var traffic = Traffic()
        let whole = traffic.session("a")
        // With a session it is known what waits; without one the first bytes of the connection are what is missing.
        let holed = isNew ? traffic.connection(clientPort: 50_001) : traffic.session("b", clientPort: 50_001)
        if isNew { traffic.syn(holed) }
        let sender: Sender = isNew ? .client : .server
        traffic.lose(holed, sender, Peer.text(sender, Self.event))
        traffic.text(holed, sender, Self.event)
        let early = Traffic.milliseconds(Timestamp(nanoseconds: 1_700_000_000_000_000_000)) + traffic.now - 1
        for _ in 0..<5 { traffic.text(whole, .server, "2") }
        traffic.acknowledge(holed, sender.other)
        traffic.wait(3_100)
        traffic.text(whole, .server, "2")
        traffic.acknowledge(holed, sender.other)
        traffic.text(whole, .server, "2")
        let output = try traffic.decoded()
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        #expect(output.frames.map(\.id) == Array(1...Int64(output.frames.count)))
        let behind = try #require(output.frames.first { $0.flags.contains(.afterGap) })
        #expect(Traffic.milliseconds(behind.at) == early)
        #expect(output.frames.last { $0.engineIOType == .ping }?.id == Int64(output.frames.count))
    }

    @Test("frames are in time order where a capture holds data behind its acknowledgement")
    func acknowledgedFirst() throws {
        var traffic = Traffic()
        let late = traffic.session("a")
        let whole = traffic.session("b", clientPort: 50_001)
        let event = traffic.lose(late, .server, Peer.text(.server, Self.event))
        traffic.text(late, .client, "42[\"answer\"]")
        traffic.text(whole, .server, "2")
        traffic.resend(late, .server, event)
        traffic.text(whole, .server, "2")
        let output = try traffic.decoded()
        #expect(
            output.lines.suffix(4) == [
                "< ws \(Self.tick)", "> ws message event [\"answer\"]", "< ws ping", "< ws ping",
            ])
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        #expect(output.anomalies.isEmpty)
    }

    @Test("an acknowledgement of what never comes holds others back for seconds only")
    func acknowledgedAndGone() throws {
        var traffic = Traffic()
        let holed = traffic.session("a")
        traffic.lose(holed, .server, Peer.text(.server, Self.event))
        traffic.acknowledge(holed, .client)
        let whole = traffic.session("b", clientPort: 50_001)
        traffic.wait(3_100)
        traffic.acknowledge(holed, .client)
        var output = DoorOutput()
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"))
        try decoder.feed(traffic.bytes.span) { output.add($0) }
        traffic = Traffic(after: traffic)
        for _ in 0..<400 { traffic.text(whole, .server, "2") }
        try decoder.feed(traffic.bytes.span) { output.add($0) }
        #expect(output.frames.count > 300)
        try decoder.finish { output.add($0) }
        #expect(output.codes == ["tcp.gap"])
    }

    @Test("what is held back is bounded")
    func heldBack() throws {
        var traffic = Traffic()
        let holed = traffic.session("a")
        traffic.lose(holed, .server, [1, 2, 3], arrives: false)
        traffic.text(holed, .server, Self.event)
        let whole = traffic.session("b", clientPort: 50_001)
        for _ in 0..<50 { traffic.text(whole, .server, "2") }
        var limits = DecodingLimits()
        limits.waitingFrames = 10
        var output = DoorOutput()
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"), limits: limits)
        try decoder.feed(traffic.bytes.span) { output.add($0) }
        try decoder.finish { output.add($0) }
        #expect(output.frames.filter { $0.engineIOType == .ping }.count == 50)
        #expect(output.frames.map(\.id) == Array(1...Int64(output.frames.count)))
    }

    @Test("what a connection holds is bounded")
    func heldBytes() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        traffic.lose(connection, .server, [1, 2, 3], arrives: false)
        for _ in 0..<50 { traffic.text(connection, .server, Self.event) }
        var limits = DecodingLimits()
        limits.heldBytes = 2_000
        let output = try traffic.decoded(limits: limits)
        #expect(output.lines.suffix(50).allSatisfy { $0.hasPrefix("< ws \(Self.tick)") })
        #expect(output.connections.map(\.missingBytes) == [3])
    }
}
