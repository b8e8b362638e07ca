import Testing
import TimelineModel

struct EndCase: CustomTestStringConvertible, Sendable {
    let name: String
    let endClass: EndClass
    var by: Sender?
    var code: UInt16?
    /// Plays one session, with sid "s".
    let play: @Sendable (TrafficScript) -> Void

    init(
        _ name: String, _ endClass: EndClass, by: Sender? = nil, code: UInt16? = nil,
        _ play: @escaping @Sendable (TrafficScript) -> Void
    ) {
        self.name = name
        self.endClass = endClass
        self.by = by
        self.code = code
        self.play = play
    }

    var testDescription: String { self.name }

    /// Plays a session on a WebSocket.
    static func webSocket(
        _ name: String, _ endClass: EndClass, by: Sender? = nil, code: UInt16? = nil,
        _ play: @escaping @Sendable (ScriptedConnection) -> Void
    ) -> EndCase {
        EndCase(name, endClass, by: by, code: code) { script in
            let connection = script.connect()
            connection.openWebSocket("s")
            connection.text("40", .client)
            connection.text("40{\"sid\":\"x\"}", .server)
            play(connection)
        }
    }

    /// Plays a session that polls, on two connections.
    static func polling(
        _ name: String, _ endClass: EndClass, by: Sender? = nil,
        _ play:
            @escaping @Sendable (_ get: ScriptedConnection, _ post: ScriptedConnection, _ script: TrafficScript) -> Void
    ) -> EndCase {
        EndCase(name, endClass, by: by) { script in
            let get = script.connect()
            get.openPolling("s")
            let post = script.connect()
            post.post("s", "40")
            get.poll("s", "40{\"sid\":\"x\"}")
            play(get, post, script)
        }
    }
}

@Suite("Ends of sessions")
struct SessionEndTests {
    private static let pollTarget = ScriptedConnection.target("polling", "s")

    static let webSocket: [EndCase] = [
        .webSocket("nothing", .captureEnd) { _ in },
        .webSocket("client closes with an empty body", .webSocketClose, by: .client) { $0.close(.client) },
        .webSocket("server closes with a code", .webSocketClose, by: .server, code: 1009) {
            $0.close(.server, code: 1009)
        },
        .webSocket("a close is answered with a code, and FIN follows", .webSocketClose, by: .client) {
            $0.close(.client)
            $0.close(.server, code: 1000)
            $0.fin(.server)
            $0.fin(.client)
        },
        .webSocket("a reset behind a close", .webSocketClose, by: .server) {
            $0.close(.server)
            $0.reset(.client)
        },
        .webSocket("the server's FIN", .fin, by: .server) {
            $0.fin(.server)
            $0.fin(.client)
        },
        .webSocket("the client's FIN, then a reset", .fin, by: .client) {
            $0.fin(.client)
            $0.reset(.server)
        },
        .webSocket("the client's reset", .rst, by: .client) { $0.reset(.client) },
        .webSocket("the server's reset", .rst, by: .server) { $0.reset(.server) },
        .webSocket("a close packet that is honoured", .engineIOClose, by: .client, code: 1000) {
            $0.text("1", .client)
            $0.close(.server, code: 1000)
        },
        .webSocket("a close packet and the sender's FIN", .engineIOClose, by: .server) {
            $0.text("1", .server)
            $0.fin(.server)
        },
        .webSocket("a close packet that is ignored, as by Node", .webSocketClose, by: .server) {
            $0.text("1", .client)
            $0.text("2", .server)
            $0.close(.server)
        },
        .webSocket("a close packet that is ignored, and no end", .captureEnd) {
            $0.text("1", .client)
            $0.text("2", .server)
            $0.text("3", .client)
        },
    ]

    static let polling: [EndCase] = [
        .polling("polling: nothing", .captureEnd) { _, _, _ in },
        .polling("polling: the client's close packet, and the noop that frees the poll", .engineIOClose, by: .client) {
            get, post, _ in
            get.request("GET", Self.pollTarget)
            post.post("s", "1")
            get.answer(200, "6")
        },
        .polling("polling: the server's close packet", .engineIOClose, by: .server) { get, _, _ in get.poll("s", "1") },
        .polling("polling: a close packet, and a packet that was under way", .engineIOClose, by: .client) {
            get, post, _ in
            get.request("GET", Self.pollTarget)
            post.post("s", "41\u{1E}1")
            get.answer(200, "42[\"late\"]")
        },
        .polling("polling: the server's close packet, and a POST that was under way", .engineIOClose, by: .server) {
            get, post, _ in
            get.poll("s", "1")
            post.post("s", "42[\"late\"]", status: 400)
        },
        .polling("polling: overlapping polls, refused and then closed", .engineIOClose, by: .server) { get, post, _ in
            get.request("GET", Self.pollTarget)
            post.poll("s", "", status: 400)
            get.answer(200, "1")
        },
        .polling("polling: a refused poll", .httpError, by: .server) { get, _, _ in
            get.poll("s", #"{"code":1}"#, status: 400)
        },
        .polling("polling: a refused POST", .httpError, by: .server) { _, post, _ in
            post.post("s", "42[\"a\"]", status: 500)
        },
        .polling("polling: a POST too large", .captureEnd) { _, post, _ in post.post("s", "42[\"a\"]", status: 413) },
        .polling("polling: a refused poll, and one that works", .captureEnd) { get, _, _ in
            get.poll("s", "", status: 502)
            get.poll("s", "2")
        },
        .polling("polling: a preflight is refused", .captureEnd) { get, _, _ in
            get.request("OPTIONS", Self.pollTarget)
            get.answer(403, "")
        },
        .polling("polling: the client leaves its poll", .fin, by: .client) { get, _, _ in
            get.request("GET", Self.pollTarget)
            get.fin(.client)
        },
        .polling("polling: the client resets its poll", .rst, by: .client) { get, _, _ in
            get.request("GET", Self.pollTarget)
            get.reset(.client)
        },
        .polling("polling: the server leaves a poll", .fin, by: .server) { get, _, _ in
            get.request("GET", Self.pollTarget)
            get.fin(.server)
        },
        .polling("polling: a poll is cut off, the next works", .captureEnd) { get, post, _ in
            get.request("GET", Self.pollTarget)
            get.fin(.server)
            post.poll("s", "2")
        },
        .polling("polling: idle connections are closed", .captureEnd) { get, post, _ in
            get.fin(.client)
            post.reset(.server)
        },
        .polling("polling: silence, and the client begins anew", .superseded) { _, _, script in
            script.wait(ms: 501)
            script.connect().openPolling("t")
        },
        .polling("polling: the client begins anew at once, as another client would", .captureEnd) { _, _, script in
            script.connect().openPolling("t")
        },
    ]

    static let upgrade: [EndCase] = [
        .polling("upgrade: the WebSocket closes", .webSocketClose, by: .client) { get, _, script in
            let socket = Self.probe(get, script)
            socket.text("5", .client)
            get.fin(.client)
            socket.close(.client)
        },
        .polling("upgrade: polls that come late are refused", .captureEnd) { get, _, script in
            Self.probe(get, script).text("5", .client)
            get.poll("s", #"{"code":3}"#, status: 400)
        },
        .polling("upgrade: a close packet, ignored", .captureEnd) { get, _, script in
            let socket = Self.probe(get, script)
            socket.text("5", .client)
            socket.text("1", .client)
            socket.text("2", .server)
        },
        .polling("upgrade: a second WebSocket is closed", .captureEnd) { get, _, script in
            Self.probe(get, script).text("5", .client)
            let second = script.connect()
            second.upgrade(ScriptedConnection.target("websocket", "s"))
            second.close(.server)
        },
        .polling("a probe that fails leaves it polling", .captureEnd) { get, _, script in
            let socket = Self.probe(get, script)
            socket.close(.server)
            get.poll("s", "2")
        },
        .polling("a probe that fails, then a refused poll", .httpError, by: .server) { get, _, script in
            Self.probe(get, script).reset(.server)
            get.poll("s", "", status: 400)
        },
    ]

    private static func probe(_ get: ScriptedConnection, _ script: TrafficScript) -> ScriptedConnection {
        let socket = script.connect()
        socket.upgrade(ScriptedConnection.target("websocket", "s"))
        socket.text("2probe", .client)
        get.poll("s", "6")
        socket.text("3probe", .server)
        return socket
    }

    @Test("how it ended, by whom, with which code", arguments: Self.webSocket + Self.polling + Self.upgrade)
    func ends(_ c: EndCase) throws {
        let script = TrafficScript()
        c.play(script)
        let decoded = try DecodedCapture(script.capture)
        let session = try #require(decoded.sessions.first { $0.sid == "s" })
        #expect(session.endClass == c.endClass)
        #expect(session.endedBy == c.by)
        #expect(session.closeCode == c.code)
        #expect((session.ended == nil) == (c.endClass == .captureEnd))
        #expect(session.completeTail == ![.captureEnd, .superseded].contains(c.endClass))
        #expect(decoded.sessions.filter { $0.sid == "s" }.count == 1)
        #expect(decoded.frames.map(\.id) == Array(1...Int64(decoded.frames.count)))
    }
}
