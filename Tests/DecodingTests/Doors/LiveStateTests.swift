import HookLog
import Testing
import TimelineModel
import Wire

@testable import Decoding

/// What a live timeline shows while it grows, and what a decoder lets go of.
@Suite("Live rows")
struct LiveStateTests {
    private static func ms(_ value: Int64) -> Timestamp { Timestamp(nanoseconds: value * 1_000_000) }

    private static let open = #"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1}"#

    private static func message(_ text: String, _ sender: Sender, at ms: Int64, session: String = "a") -> HookLine {
        HookLine(
            at: Self.ms(ms), session: session, transport: nil,
            event: .message(HookLine.Message(sender: sender, body: .text(text))))
    }

    private static func start(session: String = "a", at ms: Int64) -> HookLine {
        HookLine(
            at: Self.ms(ms), session: session, transport: nil,
            event: .open(HookLine.Open(url: "ws://h:1/socket.io/?EIO=4&transport=websocket")))
    }

    private static func tick(_ door: some LiveDoor, at ms: Int64) -> TimelineBatch {
        var batch = TimelineBatch()
        door.tick(at: Self.ms(ms)) { batch = $0 }
        return batch
    }

    @Test("a session has its row with its first frame, no end while it runs, and one when it ends")
    func session() throws {
        let door = HookDecoder(CaptureFacts(kind: .hook, source: ""))
        door.receive(Self.start(at: 1))
        door.receive(Self.message(Self.open, .server, at: 2))
        var batch = Self.tick(door, at: 3)
        #expect(batch.frames.count == 1)
        #expect(batch.connections.map(\.closeKind) == [nil])
        let running = try #require(batch.sessions.first)
        #expect((running.sid, running.endClass, running.ended, running.framesServer) == ("s", nil, nil, 1))
        #expect(Self.tick(door, at: 4).isEmpty)
        door.receive(Self.message("2", .server, at: 5))
        batch = Self.tick(door, at: 6)
        #expect(batch.sessions.map(\.framesServer) == [2])
        door.receive(
            HookLine(
                at: Self.ms(7), session: "a", transport: nil, event: .close(HookLine.Close(by: .server, code: 1001))))
        batch = Self.tick(door, at: 8)
        #expect(batch.sessions.map(\.endClass) == [.webSocketClose])
        #expect(batch.sessions.map(\.closeCode) == [1001])
        #expect(batch.connections.map(\.closeKind) == [.webSocketClose])
    }

    @Test("requests under way are rows: what their frames refer to is there before the answer")
    func exchange() throws {
        let door = StreamDecoder(CaptureFacts(kind: .proxy, source: ""))
        let id = door.open(
            ConnectionOpening(
                clientAddress: "10.0.0.1", clientPort: 5, serverAddress: "::1", serverPort: 80, at: Self.ms(0)))
        func send(_ text: String, _ sender: Sender, at ms: Int64) {
            door.receive(id, Array(text.utf8).span, from: sender, at: Self.ms(ms))
        }
        var batch = Self.tick(door, at: 0)
        #expect(batch.connections.map(\.clientKnownBy) == [.source])
        send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\r\n", .client, at: 1)
        batch = Self.tick(door, at: 1)
        #expect(batch.exchanges.map(\.status) == [nil])
        #expect(batch.sessions.isEmpty)
        send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.open.utf8.count)\r\n\r\n\(Self.open)", .server, at: 2)
        batch = Self.tick(door, at: 2)
        #expect(batch.exchanges.map(\.status) == [200])
        #expect(batch.frames.map(\.exchangeID) == [1])
        send(
            "POST /socket.io/?EIO=4&transport=polling&sid=s HTTP/1.1\r\nContent-Length: 2\r\n\r\n40", .client, at: 3)
        batch = Self.tick(door, at: 3)
        #expect(batch.frames.map(\.exchangeID) == [2])
        #expect(batch.exchanges.map(\.id) == [2])
        #expect(batch.exchanges.map(\.sessionID) == [1])
        #expect(batch.exchanges.map(\.responded) == [nil])
        door.reset(id, by: .server, at: Self.ms(4))
        batch = Self.tick(door, at: 4)
        #expect(batch.connections.map(\.closeKind) == [.rst])
        #expect(door.openConnections == 0)
        // Over: passed over.
        send("more", .client, at: 5)
        door.end(id, by: .client, at: Self.ms(5))
        door.gap(id, 5, from: .client, at: Self.ms(5))
        #expect(Self.tick(door, at: 5).isEmpty)
    }

    @Test("bytes that a proxy could not hand over are a hole, and frames go on behind it")
    func gap() throws {
        let door = StreamDecoder(CaptureFacts(kind: .proxy, source: ""))
        let id = door.open(
            ConnectionOpening(clientAddress: "a", clientPort: 5, serverAddress: "b", serverPort: 80, at: Self.ms(0)))
        func send(_ text: String, _ sender: Sender) {
            door.receive(id, Array(text.utf8).span, from: sender, at: Self.ms(1))
        }
        send(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            .client)
        send("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", .server)
        func server(_ text: String) {
            door.receive(
                id, ([0x81, UInt8(text.utf8.count)] + Array(text.utf8)).span, from: .server, at: Self.ms(1))
        }
        server(Self.open)
        server("2")
        door.gap(id, 40, from: .server, at: Self.ms(2))
        for _ in 0..<6 { server(#"42["a",1]"#) }
        let batch = Self.tick(door, at: 3)
        #expect(batch.connections.map(\.missingBytes) == [40])
        #expect(batch.sessions.map(\.holes) == [1])
        #expect(batch.anomalies.map(\.code.text).contains("tcp.gap"))
        #expect(batch.frames.count > 4)
        #expect(batch.frames.last?.event == "a")
    }

    /// A live door that is fed a capture, packet by packet.
    private static func packetDoor(_ traffic: Traffic) throws -> PacketDecoder {
        let door = PacketDecoder(CaptureFacts(kind: .live, source: ""))
        for packet in try packets(of: traffic.bytes) { door.receive(packet.record, packet.bytes.span) }
        return door
    }

    private static func tick(_ door: PacketDecoder, _ traffic: Traffic, after ms: Int64) -> TimelineBatch {
        self.tick(door, at: 1_700_000_000_000 + traffic.now + ms)
    }

    struct Hole: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        /// Milliseconds after the last packet: still waiting, and given up.
        let waits: Int64
        let gives: Int64
        var testDescription: String { self.name }
    }

    static let holes: [Hole] = [
        Hole(
            name: "acknowledged",
            make: { traffic, connection in
                traffic.lose(connection, .server, Peer.text(.server, "42[\"lost\"]"))
                traffic.text(connection, .server, "42[\"held\"]")
                traffic.acknowledge(connection, .client)
            }, waits: 2_900, gives: 3_001),
        Hole(
            name: "never acknowledged",
            make: { traffic, connection in
                traffic.lose(connection, .server, Peer.text(.server, "42[\"lost\"]"), arrives: false)
                traffic.text(connection, .server, "42[\"held\"]")
            }, waits: 119_000, gives: 120_001),
        Hole(
            name: "acknowledged, while the connection is closed",
            make: { traffic, connection in
                traffic.lose(connection, .server, Peer.text(.server, "42[\"lost\"]"))
                traffic.text(connection, .server, "42[\"held\"]")
                traffic.fin(connection, .server)
                traffic.acknowledge(connection, .client)
            }, waits: 10, gives: 30),
    ]

    @Test("a hole in packets is given up by time, though nothing more comes of its connection", arguments: holes)
    func holeByTime(_ hole: Hole) throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        hole.make(&traffic, connection)
        let door = try Self.packetDoor(traffic)
        var batch = Self.tick(door, traffic, after: hole.waits)
        #expect(batch.frames.allSatisfy { $0.event != "held" })
        #expect(!batch.connections.contains { $0.missingBytes > 0 })
        batch = Self.tick(door, traffic, after: hole.gives)
        #expect(batch.frames.map(\.event) == ["held"])
        #expect(batch.connections.map(\.missingBytes) == [12])
        #expect(batch.sessions.map(\.holes) == [1])
        #expect(batch.anomalies.map(\.code.text) == ["tcp.gap"])
        // Nothing more is to be waited for.
        #expect(Self.tick(door, traffic, after: hole.gives + 250).isEmpty)
        // At the time at which it came, as a file says too.
        let whole = try traffic.decoded()
        #expect(whole.frames.last { $0.event == "held" }?.at == batch.frames.first?.at)
        #expect(whole.anomalies.map(\.at) == batch.anomalies.map(\.at))
    }

    @Test("what fills a hole after it was given up is old; a connection of which both sides ended behind one is over")
    func afterHole() throws {
        var traffic = Traffic()
        let connection = traffic.session("a")
        let missing = traffic.lose(connection, .server, Peer.text(.server, "42[\"lost\"]"))
        traffic.text(connection, .server, "42[\"held\"]")
        traffic.acknowledge(connection, .client)
        let door = try Self.packetDoor(traffic)
        _ = Self.tick(door, traffic, after: 3_100)
        var later = Traffic(after: traffic)
        later.wait(3_200)
        later.resend(connection, .server, missing)
        later.text(connection, .server, "42[\"next\"]")
        later.lose(connection, .client, Peer.text(.client, "42[\"gone\"]"))
        later.fin(connection, .client)
        later.fin(connection, .server)
        later.acknowledge(connection, .client)
        var file = CaptureFileDecoder()
        try file.feed(traffic.bytes.span) { _, _ in }
        try file.feed(later.bytes.span) { record, packet in door.receive(record, packet) }
        #expect(Self.tick(door, later, after: 0).frames.map(\.event) == ["next"])
        let batch = Self.tick(door, later, after: 100)
        #expect(batch.connections.map(\.closeKind) == [.fin])
        #expect(batch.connections.map(\.missingBytes) == [12 + 16])
        var last = TimelineBatch()
        door.finish { last = $0 }
        #expect(last.isEmpty)
    }

    @Test("what waits for a retransmission waits for a time only")
    func holds() {
        var limits = DecodingLimits.live
        limits.holdNs = 4_000_000_000
        let log = TimelineLog(limits)
        func add(_ ms: Int64) {
            log.add(
                Frame(
                    connectionID: 1, at: Self.ms(ms), sender: .client, transport: .websocket, layer: .engineio,
                    sizeBytes: 0, wireBytes: 0, payload: "xxxx"))
        }
        log.hold(1, since: Self.ms(0))
        log.hold(2, since: Self.ms(3_000))
        for ms in [2_000, 1_000, 3_500, 3_000] as [Int64] { add(ms) }
        log.expireHolds(at: Self.ms(4_000))
        #expect(log.readyFrames == 0)
        log.expireHolds(at: Self.ms(4_001))
        #expect(log.drain().frames.map(\.at) == [Self.ms(1_000), Self.ms(2_000)])
        log.hold(1, since: nil)
        #expect(log.readyFrames == 0)
        log.expireHolds(at: Self.ms(7_001))
        #expect(log.drain().frames.map(\.at) == [Self.ms(3_000), Self.ms(3_500)])
        add(1)
        #expect(log.readyFrames == 1)
    }

    @Test("sessions that were silent for long are let go with their last row, and come back if they go on")
    func letGo() {
        var limits = DecodingLimits.live
        limits.silentSessionNs = 60_000_000_000
        let door = HookDecoder(CaptureFacts(kind: .hook, source: ""), limits: limits)
        for name in ["a", "b"] {
            door.receive(Self.start(session: name, at: 0))
            door.receive(Self.message(Self.open, .server, at: 1, session: name))
        }
        #expect(Self.tick(door, at: 2).sessions.count == 2)
        door.receive(Self.message("2", .server, at: 50_000, session: "b"))
        #expect(Self.tick(door, at: 50_000).sessions.map(\.id) == [2])
        var gone = Self.tick(door, at: 61_000).sessions
        #expect(gone.map(\.id) == [1])
        #expect(gone.map(\.endClass) == [.captureEnd])
        #expect(Self.tick(door, at: 80_000).isEmpty)
        door.receive(Self.message("2", .server, at: 81_000, session: "a"))
        gone = Self.tick(door, at: 81_000).sessions
        #expect(gone.map(\.id) == [1])
        #expect(gone.map(\.endClass) == [nil])
        var last = TimelineBatch()
        door.finish { last = $0 }
        #expect(last.sessions.map(\.id).sorted() == [1, 2])
        #expect(last.sessions.map(\.endClass) == [.captureEnd, .captureEnd])
    }

    @Test("the row of a session that ended comes with its end, and neither when it is let go nor at the finish")
    func endedOnce() {
        var limits = DecodingLimits.live
        limits.silentSessionNs = 60_000_000_000
        let door = HookDecoder(CaptureFacts(kind: .hook, source: ""), limits: limits)
        func end(_ session: String, at ms: Int64) {
            door.receive(
                HookLine(
                    at: Self.ms(ms), session: session, transport: nil,
                    event: .close(HookLine.Close(by: .client, code: 1000))))
        }
        for name in ["a", "b", "c"] {
            door.receive(Self.start(session: name, at: 0))
            door.receive(Self.message(Self.open, .server, at: 1, session: name))
        }
        end("a", at: 2)
        #expect(Self.tick(door, at: 3).sessions.map(\.endClass) == [.webSocketClose, nil, nil])
        for name in ["b", "c"] { door.receive(Self.message("2", .server, at: 50_000, session: name)) }
        #expect(Self.tick(door, at: 50_000).sessions.map(\.id).sorted() == [2, 3])
        // "a" is let go now.
        #expect(Self.tick(door, at: 70_000).isEmpty)
        end("b", at: 70_001)
        #expect(Self.tick(door, at: 70_002).sessions.map(\.endClass) == [.webSocketClose])
        end("c", at: 70_003)
        var last = TimelineBatch()
        door.finish { last = $0 }
        #expect(last.sessions.map(\.id) == [3])
        #expect(last.sessions.map(\.endClass) == [.webSocketClose])
    }

    @Test("so many sessions are kept at most, whatever they do")
    func bound() {
        var limits = DecodingLimits.live
        limits.sessions = 50
        limits.connections = 10
        let door = HookDecoder(CaptureFacts(kind: .hook, source: ""), limits: limits)
        var ended: Set<Int64> = []
        var mostAtOnce = 0
        for number in 0..<500 as Range<Int64> {
            door.receive(Self.start(session: "\(number)", at: number))
            door.receive(Self.message(Self.open, .server, at: number, session: "\(number)"))
            let batch = Self.tick(door, at: number)
            mostAtOnce = max(mostAtOnce, batch.sessions.count)
            ended.formUnion(batch.sessions.filter { $0.endClass != nil }.map(\.id))
        }
        #expect(ended.count >= 450)
        #expect(mostAtOnce < 20)
        var last = TimelineBatch()
        door.finish { last = $0 }
        #expect(last.sessions.count <= 50)
        #expect(last.connections.count <= 10)
        #expect(last.sessions.map(\.id).max() == 500)
    }

    @Test("of sessions that ended only the newest are kept, of those that run all")
    func endedBound() {
        var limits = DecodingLimits.live
        limits.endedSessions = 20
        let context = DecodingContext(limits, isLive: true)
        let identity = ClientIdentity(clientAddress: "c", server: "s", path: "/")
        for number in 0..<100 as Range<Int64> {
            let lane = context.sessions.make(
                sid: "\(number)", version: .v4, target: nil, identity: identity, host: nil, at: Self.ms(number))
            guard !number.isMultiple(of: 2) else { continue }
            lane.run(onWebSocket: number)
            lane.transportEnded(.fin, by: .client, connectionID: number, at: Self.ms(number))
        }
        context.tick(at: Self.ms(1_000))
        #expect(context.sessions.all.filter { $0.end.known == nil }.count == 50)
        let kept = context.sessions.all.filter { $0.end.known != nil }.compactMap(\.facts.sid)
        #expect(kept == stride(from: 65, to: 100, by: 2).map { "\($0)" })
    }

    @Test("a bad line belongs to its client, with its number there")
    func badLines() {
        let door = HookDecoder(CaptureFacts(kind: .hook, source: ""))
        func feed(_ text: String, _ client: Int) {
            door.receive(Array(text.utf8).span, client: client, at: Self.ms(9))
        }
        feed("\n{", 7)
        feed("{}\n", 3)
        feed("}\n", 7)
        door.receive(
            HookLine(at: Self.ms(1), session: "x", transport: nil, event: .close(HookLine.Close(by: nil, code: 1000))),
            client: 4)
        feed(#"{"v":1,"at_ns":5,"session":"s","kind":"open"}"#, 7)
        door.end(client: 7, at: Self.ms(10))
        for _ in 0..<102 { feed("no\n", 5) }
        door.end(client: 5, at: Self.ms(11))
        let batch = Self.tick(door, at: 12)
        let details = batch.anomalies.map(\.detail)
        #expect(details.first == #"client 3, line 1: "at_ns" is missing; expected nanoseconds since the epoch"#)
        #expect(details.contains { $0.hasPrefix(#"client 7, line 2: "at_ns""#) })
        #expect(details.contains { $0.hasPrefix(#"client 4, line 1: "by" is missing"#) })
        #expect(details.last == "client 5, 2 more lines that cannot be read")
        #expect(details.count == 3 + 100 + 1)
        #expect(batch.anomalies.first?.at == Self.ms(9))
        // Its last line had no end, and counts.
        #expect(batch.connections.count == 1)
    }
}
