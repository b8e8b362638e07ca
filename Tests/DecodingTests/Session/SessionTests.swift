import JSONText
import TestSupport
import Testing
import TimelineModel

/// A frame in a line: sender, type, namespace, event, ack id, attachments, payload or bytes.
func line(_ frame: Frame) -> String {
    let type = frame.socketIOType?.name ?? frame.engineIOType?.name ?? (frame.layer == .websocket ? "ws" : "?")
    let binary = frame.binary.map { "<" + $0.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + ">" }
    let parts: [String?] = [
        frame.sender == .client ? "C" : "S", type, frame.namespace, frame.event, frame.ackID.map { "#\($0)" },
        frame.attachments.map { "n=\($0)" }, frame.payload, binary,
    ]
    return parts.compactMap { $0 }.joined(separator: " ")
}

@Suite("Sessions")
struct SessionTests {
    @Test("polling, upgrade and WebSocket of one sid are one session")
    func upgrade() throws {
        let script = TrafficScript()
        let (get, post, socket) = (script.connect(), script.connect(), script.connect())
        get.openPolling("s")
        post.post("s", "40")
        socket.upgrade(ScriptedConnection.target("websocket", "s"))
        socket.text("2probe", .client)
        get.poll("s", "40{\"sid\":\"x\"}\u{1E}6")
        socket.text("3probe", .server)
        socket.text("5", .client)
        socket.text("42[\"hello\",1]", .client)
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.sessions.count == 1)
        let session = try #require(decoded.sessions.first)
        #expect(session.transports == [.polling, .websocket])
        #expect((session.engineIOVersion, session.socketIOVersion, session.parser) == (4, 5, .json))
        #expect((session.pingIntervalMs, session.pingTimeoutMs, session.maxPayload) == (300, 200, 1_000_000))
        #expect((session.upgrades, session.path, session.host) == ("websocket", "/socket.io/", "h"))
        #expect((session.framesClient, session.framesServer) == (4, 4))
        #expect(session.completeHead)
        #expect(
            decoded.frames.map(line) == [
                "S open \(ScriptedConnection.open("s", upgrades: "\"websocket\"").dropFirst())", "C connect /",
                "C ping probe",
                "S connect / {\"sid\":\"x\"}", "S noop", "S pong probe", "C upgrade", "C event / hello [\"hello\",1]",
            ])
        #expect(decoded.frames.allSatisfy { $0.sessionID == session.id })
        #expect(
            decoded.frames.filter { $0.flags.contains(.batched) }.map(line) == [
                "S connect / {\"sid\":\"x\"}", "S noop",
            ])
        #expect(decoded.anomalies.isEmpty)
    }

    @Test("a sid from before the capture, polled: a session without its head, and its answers decoded")
    func joinedPolling() throws {
        let script = TrafficScript()
        let connection = script.connect()
        connection.poll("old", "42[\"a\"]")
        connection.post("old", "42[\"b\"]")
        let decoded = try DecodedCapture(script.capture)
        let session = try #require(decoded.sessions.first)
        #expect((session.sid, session.completeHead, decoded.facts.completeHead) == ("old", false, false))
        #expect(decoded.frames.map(line) == ["S event / a [\"a\"]", "C event / b [\"b\"]"])
        #expect(decoded.sessions.count == 1)
    }

    @Test("a POST comes first: its packets wait for the answer, and keep their place in time")
    func joinedPosting() throws {
        let script = TrafficScript()
        let (post, other) = (script.connect(), script.connect())
        post.request("POST", ScriptedConnection.target("polling", "old"), body: "42[\"b\"]")
        other.openWebSocket("t")
        post.answer()
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.frames.map(line).first == "C event / b [\"b\"]")
        #expect(Set(decoded.sessions.map(\.sid)) == ["old", "t"])
        #expect(zip(decoded.frames, decoded.frames.dropFirst()).allSatisfy { $0.at <= $1.at })
    }

    @Test("a POST to a sid that the server refuses makes no session")
    func refusedPost() throws {
        let script = TrafficScript()
        script.connect().post("unknown", "42[\"b\"]\u{1E}2", status: 400)
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.sessions.isEmpty)
        #expect(decoded.frames.map(line) == ["C message 2[\"b\"]", "C ping"])
        #expect(decoded.frames.allSatisfy { $0.sessionID == nil && $0.exchangeID == decoded.exchanges.first?.id })
        #expect(decoded.codes == ["engineio.refused-packet", "engineio.refused-packet"])
        let exchange = try #require(decoded.exchanges.first)
        #expect((exchange.status, exchange.errorCode, exchange.errorMessage) == (400, 1, "Session ID unknown"))
    }

    @Test("a refused handshake and a refused poll make none either")
    func refusedHandshake() throws {
        let script = TrafficScript()
        let connection = script.connect()
        connection.request("GET", ScriptedConnection.target("polling", version: 3))
        connection.answer(400, #"{"code":5,"message":"Unsupported protocol version"}"#)
        connection.poll("unknown", #"{"code":1,"message":"Session ID unknown"}"#, status: 400)
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.sessions.isEmpty && decoded.frames.isEmpty)
        #expect(decoded.exchanges.map(\.errorCode) == [5, 1])
    }

    @Test("a WebSocket upgrade of a sid from before the capture names its session")
    func joinedUpgrade() throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.upgrade(ScriptedConnection.target("websocket", "old"))
        socket.text("2probe", .client)
        let session = try #require(try DecodedCapture(script.capture).sessions.first)
        #expect((session.sid, session.completeHead, session.transports) == ("old", false, [.websocket]))
    }

    @Test("a WebSocket joined in its middle is a session without sid")
    func midStream() throws {
        let script = TrafficScript()
        let socket = script.connect(midStream: true)
        for _ in 0..<3 {
            socket.text("42[\"a\"]", .client)
            socket.text("42[\"b\"]", .server)
        }
        let decoded = try DecodedCapture(script.capture)
        let session = try #require(decoded.sessions.first)
        #expect((session.sid, session.completeHead, session.socketIOVersion) == (nil, false, 5))
        #expect(decoded.frames.map(line).contains("C event / a [\"a\"]"))
    }

    // MARK: What the messages are

    @Test(
        "the first message says whether it is Socket.IO, and the path how much it takes",
        arguments: [
            // path, messages of the client, whether they are Socket.IO
            ("/socket.io/", ["42[\"a\"]"], true), ("/socket.io/", ["42"], true),
            ("/socket.io/", ["4hello", "40"], true),
            ("/live/", ["40"], true), ("/live/", ["42[\"a\"]"], true), ("/live/", ["4hello", "42[\"a\"]"], false),
            ("/live/", ["42", "42[\"a\"]"], false), ("/live/", ["4"], false), ("/live/", ["4{\"a\":1}"], false),
            ("/engine.io/", ["4hello"], false), ("/engine.io/", ["42[\"a\"]"], false),
            ("/engine.io/", ["40{\"a\":1}"], true),
        ] as [(String, [String], Bool)])
    func application(_ path: String, _ messages: [String], _ isSocketIO: Bool) throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s", path: path)
        for message in messages { socket.text(message, .client) }
        let decoded = try DecodedCapture(script.capture)
        let session = try #require(decoded.sessions.first)
        #expect(session.socketIOVersion == (isSocketIO ? 5 : nil))
        #expect(session.parser == (isSocketIO ? .json : nil))
        let sent = decoded.frames.filter { $0.sender == .client }
        #expect(sent.allSatisfy { $0.engineIOType == .message })
        if !isSocketIO {
            #expect(sent.map { "4" + ($0.payload ?? "") } == messages)
            #expect(sent.allSatisfy { $0.socketIOType == nil && $0.namespace == nil })
            #expect(decoded.anomalies.isEmpty)
        }
    }

    @Test("msgpack packets fill the same columns, over both transports")
    func msgpack() throws {
        let connect = bytes(hex: "82 a474797065 00 a36e7370 a12f")
        let event = bytes(hex: "84 a474797065 02 a36e7370 a22f6e a464617461 92 a161 c4 01 ff a26964 05")
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s", path: "/live/")
        socket.binary(connect, .client)
        socket.binary(event, .server)
        socket.binary([1, 2], .server)
        let polling = script.connect()
        polling.openPolling("t")
        polling.post("t", "b" + Base64.encode(connect.span))
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.sessions.map(\.parser) == [.msgpack, .msgpack])
        #expect(decoded.sessions.map(\.socketIOVersion) == [5, 5])
        let rows = decoded.frames.filter { $0.engineIOType == .message }
        #expect(rows.map(\.socketIOType) == [.connect, .event, nil, .connect])
        #expect((rows[1].namespace, rows[1].event, rows[1].ackID) == ("/n", "a", 5))
        #expect(rows[1].payload == #"["a",{"base64":"/w=="}]"#)
        #expect(rows[1].binary == event && rows[3].binary == connect)
        #expect(decoded.codes == ["socketio.malformed-packet"])
    }

    @Test("Engine.IO 3: the client pings, a query stands in the namespace, the server connects unasked")
    func version3() throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s", version: 3)
        socket.text("40", .server)
        socket.text("40/admin?token=x,", .client)
        socket.text("40/admin,", .server)
        socket.text("451-/admin,3[\"up\",{\"_placeholder\":true,\"num\":0}]", .client)
        socket.binary([4, 9, 8], .client)
        socket.text("44/admin,\"no\"", .server)
        socket.text("2", .client)
        socket.text("3", .server)
        let decoded = try DecodedCapture(script.capture)
        let session = try #require(decoded.sessions.first)
        #expect((session.engineIOVersion, session.socketIOVersion) == (3, 4))
        #expect(
            decoded.frames.dropFirst().map(line) == [
                "S connect /", "C connect /admin ?token=x", "S connect /admin",
                "C binary_event /admin up #3 n=1 [\"up\",{\"_placeholder\":true,\"num\":0}]",
                "C attachment /admin up #3 n=0 <0908>", "S connect_error /admin \"no\"", "C ping", "S pong",
            ])
        #expect(decoded.anomalies.isEmpty)
    }

    @Test("the fields of connection state recovery stay in the payload")
    func recovery() throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s")
        socket.text(#"40{"pid":"P","offset":"Q86Ciqr"}"#, .client)
        socket.text(#"42["missed",1,"Q86Cjqs"]"#, .server)
        socket.text(#"40{"sid":"S","pid":"P"}"#, .server)
        let decoded = try DecodedCapture(script.capture)
        #expect(
            decoded.frames.dropFirst().map(line) == [
                #"C connect / {"pid":"P","offset":"Q86Ciqr"}"#, #"S event / missed ["missed",1,"Q86Cjqs"]"#,
                #"S connect / {"sid":"S","pid":"P"}"#,
            ])
    }

    @Test(
        "packets that break a rule are rows with an anomaly",
        arguments: [
            ("7", "C ? 7", "engineio.malformed-packet"), ("", "C ?", "engineio.malformed-packet"),
            ("b?", "C ? b?", "engineio.malformed-packet"), ("4", "C message", "socketio.malformed-packet"),
            ("4abc", "C message abc", "socketio.malformed-packet"),
            ("42{}", "C message 2{}", "socketio.malformed-packet"),
            ("431e+21[1]", "C message 31e+21[1]", "socketio.malformed-packet"),
            ("42[\"connect\"]", "C event / connect [\"connect\"]", "socketio.reserved-event-name"),
            ("42 [\"a\"]", "C event / a [\"a\"]", "socketio.space-before-payload"),
            ("bAQ==", "C message <01>", "socketio.orphan-attachment"),
        ])
    func malformed(_ text: String, _ row: String, _ code: String) throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s")
        socket.text("40", .client)
        socket.text(text, .client)
        socket.text("42[\"next\"]", .client)
        let decoded = try DecodedCapture(script.capture)
        #expect(decoded.frames.dropFirst(2).map(line) == [row, "C event / next [\"next\"]"])
        #expect(decoded.codes == [code])
        #expect(decoded.anomalies.first?.frameID == 3)
        #expect(decoded.anomalies.first?.sessionID == 1)
    }
}
