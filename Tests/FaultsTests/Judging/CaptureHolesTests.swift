import Testing
import TimelineModel

@testable import Faults

/// Where a capture misses something, and of whom.
@Suite("Holes of a capture")
struct CaptureHolesTests {
    private static func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1_000_000_000)) }

    private static func connection(
        _ id: Int64, _ application: ConnectionApplication, server: String = "10.0.0.2", closed: Double? = 100
    ) -> ConnectionFacts {
        var facts = ConnectionFacts(
            id: id, clientAddress: "10.0.0.1", clientPort: 50_000 + Int(id), serverAddress: server, serverPort: 80,
            opened: Self.at(0))
        facts.application = application
        facts.closed = closed.map(Self.at)
        return facts
    }

    private static func frame(_ at: Double, _ sender: Sender, _ connection: Int64 = 1) -> Frame {
        Frame(
            connectionID: connection, at: Self.at(at), sender: sender, transport: .websocket, layer: .engineio,
            sizeBytes: 1, wireBytes: 3)
    }

    private static func exchange(_ id: Int64, _ requested: Double, _ responded: Double?) -> ExchangeFacts {
        var facts = ExchangeFacts(id: id, connectionID: 1, method: "GET", target: "/", requested: Self.at(requested))
        facts.responded = responded.map(Self.at)
        return facts
    }

    private static func gap(
        _ at: Double, _ sender: Sender, session: Int64?, code: Anomaly.Code = "tcp.gap"
    ) -> Anomaly {
        Anomaly(
            code, at: Self.at(at), detail: "7 bytes at offset 0 of the \(sender.rawValue)'s stream",
            sessionID: session, connectionID: 1)
    }

    /// Which of the instants from 0 s on, one a second, are whole for a session between the same hosts.
    private static func lost(
        _ holes: CaptureHoles, session: Int64 = 1, _ connection: ConnectionFacts, to last: Int = 12
    ) -> [Int] {
        (0...last).filter {
            let instant = Self.at(Double($0))
            return !holes.isWhole(
                instant...instant, session: session, Peers(connection), [connection.id: connection])
        }
    }

    @Test("reach from the last that was whole in that direction to the next")
    func span() {
        let connection = Self.connection(1, .websocket)
        var holes = CaptureHoles()
        for frame in [Self.frame(1, .client), Self.frame(3, .server), Self.frame(4, .server)] { holes.apply(frame) }
        holes.apply(Self.gap(6, .client, session: 1), connection, nil)
        holes.apply(Self.frame(7, .server))
        #expect(Self.lost(holes, connection) == Array(1...12))
        holes.apply(Self.frame(8, .client))
        #expect(Self.lost(holes, connection) == Array(1...8))
        // Of a WebSocket whose session is known no other one lost anything.
        #expect(Self.lost(holes, session: 2, connection).isEmpty)
    }

    @Test("reach to the end of a session from its first message without a time")
    func untimed() {
        let connection = Self.connection(1, .websocket)
        var holes = CaptureHoles()
        holes.apply(Self.gap(6, .client, session: 1, code: "har.bad-time"), connection, nil)
        holes.apply(Self.frame(8, .client))
        #expect(Self.lost(holes, connection) == Array(6...12))
        #expect(Self.lost(holes, session: 2, connection).isEmpty)
    }

    @Test("reach back to the beginning of a connection of which nothing was seen")
    func beginning() {
        let connection = Self.connection(1, .websocket)
        var holes = CaptureHoles()
        holes.apply(Self.frame(2, .server))
        holes.apply(Self.gap(5, .client, session: 1), connection, nil)
        holes.apply(Self.frame(5, .client))
        #expect(Self.lost(holes, connection) == Array(0...5))
    }

    @Test("do not take what TCP sent again for the last before them")
    func retransmitted() {
        let connection = Self.connection(1, .websocket)
        var holes = CaptureHoles()
        var again = Self.frame(4, .client)
        again.flags = .retransmitted
        for frame in [Self.frame(2, .client), again] { holes.apply(frame) }
        holes.apply(Self.gap(5, .client, session: 1), connection, nil)
        holes.apply(Self.frame(5, .client))
        #expect(Self.lost(holes, connection) == Array(2...5))
    }

    @Test("end with the connection where nothing behind them was read")
    func end() {
        let connection = Self.connection(1, .websocket, closed: 9)
        var holes = CaptureHoles()
        holes.apply(Self.frame(2, .client))
        holes.apply(Self.gap(5, .client, session: 1), connection, nil)
        #expect(Self.lost(holes, connection) == Array(2...9))
        holes.apply(Self.gap(9, .client, session: 1, code: "websocket.undecoded-bytes"), connection, nil)
        #expect(Self.lost(holes, connection) == Array(2...9))
    }

    @Test("over HTTP may be of any session between the hosts, until a request waited for the answer before")
    func http() {
        let connection = Self.connection(1, .http)
        var holes = CaptureHoles()
        holes.apply(Self.exchange(1, 1, 2))
        // The request of 3 s is missing, and its answer is taken for that to the one of 4 s.
        holes.apply(Self.gap(4, .client, session: nil), connection, nil)
        holes.apply(Self.exchange(2, 4, 6))
        holes.apply(Self.exchange(3, 5, 8))
        holes.apply(Self.exchange(4, 7, 9))
        #expect(Self.lost(holes, connection) == Array(1...12))
        holes.apply(Self.exchange(5, 10, nil))
        #expect(Self.lost(holes, connection) == Array(1...9))
        #expect(Self.lost(holes, session: 2, connection) == Array(1...9))
        #expect(Self.lost(holes, Self.connection(1, .http, server: "10.0.0.3")).isEmpty)
    }

    @Test("where the request for a WebSocket is missing, it may be of any session to its end")
    func nameless() {
        let connection = Self.connection(1, .websocket, closed: 10)
        var session = SessionFacts(id: 2, sid: nil, opened: Self.at(3))
        var holes = CaptureHoles()
        holes.apply(Self.gap(3, .client, session: 2), connection, session)
        for second in 3...6 { holes.apply(Self.frame(Double(second), .client)) }
        #expect(Self.lost(holes, connection) == Array(0...10))
        // Not where the open packet names it.
        (session.sid, session.completeHead) = ("s", true)
        holes = CaptureHoles()
        holes.apply(Self.gap(3, .client, session: 2), connection, session)
        holes.apply(Self.frame(4, .client))
        #expect(Self.lost(holes, connection).isEmpty)
    }

    @Test("are all of a connection of which too much is missing to tell what it was")
    func unknown() {
        var connection = Self.connection(1, .unknown, closed: 7)
        var holes = CaptureHoles()
        holes.apply(connection)
        #expect(Self.lost(holes, connection).isEmpty)
        connection.missingBytes = 1
        holes.apply(connection)
        #expect(Self.lost(holes, connection) == Array(0...7))
        connection.application = .tls
        holes = CaptureHoles()
        holes.apply(connection)
        #expect(Self.lost(holes, connection).isEmpty)
    }

    @Test("end where both directions of a connection that was joined in its middle are read")
    func joined() {
        var connection = Self.connection(1, .websocket)
        connection.completeHead = false
        var holes = CaptureHoles()
        for frame in [Self.frame(2, .server), Self.frame(4, .client), Self.frame(9, .client)] { holes.apply(frame) }
        holes.apply(Self.gap(12, .client, session: 1, code: "websocket.undecoded-bytes"), connection, nil)
        #expect(Self.lost(holes, connection) == Array(0...4))
    }

    @Test("reach from what was read last to the end where nothing tells why the rest could not be")
    func unread() {
        let connection = Self.connection(1, .websocket)
        var holes = CaptureHoles()
        for frame in [Self.frame(2, .client), Self.frame(6, .server)] { holes.apply(frame) }
        holes.apply(Self.gap(9, .client, session: 1, code: "websocket.undecoded-bytes"), connection, nil)
        #expect(Self.lost(holes, connection) == Array(2...9))
    }
}
