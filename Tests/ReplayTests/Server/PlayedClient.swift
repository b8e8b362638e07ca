import EngineIO
import Replay
import TimelineModel

/// A client by hand over WebSockets, in memory: the test says what it does when, and reads what it got.
///
/// It answers pings where `answersPings`; time passes only in `run`, and jumps from deadline to deadline.
struct PlayedClient {
    var server: ReplayServer
    private(set) var now = Timestamp(nanoseconds: 1_000_000_000_000)
    private(set) var connection = -1
    /// What came on each connection, texts and `<hex>`; ends as `end close`, `end close 1000`, `end fin`, `end rst`.
    private(set) var got: [[String]] = []
    /// When each thing came, in milliseconds from the client's beginning.
    private(set) var times: [[Int64]] = []
    private(set) var isOpen = false
    var answersPings = true
    /// As clients of version 3 do.
    var pingEveryMs: Int64?
    private var nextPing = Timestamp.zero
    private let began = Timestamp(nanoseconds: 1_000_000_000_000)
    private(set) var responses: [HTTPResponse] = []

    init(_ lineage: RecordedLineage, _ settings: ReplayServerSettings = .init()) {
        self.server = ReplayServer(lineage, settings)
        self.handle(.timePassed)
    }

    var outcome: ReplayOutcome { self.server.outcome }
    var last: [String] { self.got.last ?? [] }
    var ms: Int64 { self.ns / 1_000_000 }
    var ns: Int64 { self.now.nanoseconds(since: self.began) }
    /// What the server said on the last connection but heartbeats.
    var said: [String] { self.last.filter { $0 != "2" } }

    mutating func connect(_ target: String = "/socket.io/?EIO=4&transport=websocket") {
        self.connection += 1
        self.got.append([])
        self.times.append([])
        self.isOpen = true
        self.nextPing = self.now.advanced(byNs: (self.pingEveryMs ?? 0) * 1_000_000)
        self.handle(
            .request(
                HTTPRequest(method: "GET", target: target, headers: [HTTPField("Upgrade", "websocket")]),
                on: self.connection))
    }

    mutating func request(_ method: String, _ target: String, _ body: String = "", on connection: Int) {
        self.handle(
            .request(
                HTTPRequest(
                    method: method, target: target, headers: [HTTPField("Origin", "http://page.example")],
                    body: Array(body.utf8)), on: connection))
    }

    mutating func send(_ text: String, on connection: Int? = nil) {
        guard self.isOpen || connection != nil else { return }
        let content: EngineIOPacket.Content =
            text.hasPrefix("<") ? .binary(Recordings.bytes(text)) : .text(text)
        self.handle(.message(content, on: connection ?? self.connection))
    }

    mutating func close(wasReset: Bool = false) {
        self.isOpen = false
        self.handle(.closed(on: self.connection, wasReset: wasReset))
    }

    /// Lets time pass up to `ms` from the beginning, or until the replay is finished.
    mutating func run(until ms: Int64) { self.run(untilNs: ms * 1_000_000) }

    mutating func run(untilNs ns: Int64) {
        let end = self.began.advanced(byNs: ns)
        while let pingEveryMs, self.nextPing < end, self.isOpen, !self.server.isFinished {
            let due = self.nextPing
            self.nextPing = due.advanced(byNs: pingEveryMs * 1_000_000)
            self.pass(until: due)
            self.send("2")
        }
        self.pass(until: end)
    }

    private mutating func pass(until end: Timestamp) {
        while !self.server.isFinished, let deadline = self.server.deadline, deadline <= end {
            self.now = max(self.now, deadline)
            self.handle(.timePassed)
        }
        if !self.server.isFinished { self.now = max(self.now, end) }
    }

    mutating func run(forMs ms: Int64) { self.run(until: self.ms + ms) }

    /// To the end of the replay.
    mutating func finish() { self.run(until: 1_000_000_000) }

    mutating func handle(_ event: ServerEvent) {
        for action in self.server.handle(event, at: self.now) {
            switch action {
            case .respond(let response, _):
                self.responses.append(response)
                if response.status >= 400 { self.note("refused \(response.status)") }
            case .acceptWebSocket: continue
            case .send(let content, _):
                switch content {
                case .text(let text):
                    self.note(text)
                    if text == "2", self.answersPings { self.send("3") }
                case .binary(let bytes):
                    self.note("<\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())>")
                }
            case .sendFragmented, .sendControl, .sendRaw: self.note("odd")
            // An older connection that the client has left open.
            case .end(_, let connection) where connection != self.connection: continue
            case .end(.webSocketClose(let code, _), _):
                self.note("end close" + (code.map { " \($0)" } ?? ""))
                self.isOpen = false
            case .end(.fin, _):
                self.note("end fin")
                self.isOpen = false
            case .end(.reset, _):
                self.note("end rst")
                self.isOpen = false
            }
        }
    }

    private mutating func note(_ text: String) {
        guard !self.got.isEmpty else { return }
        self.got[self.got.count - 1].append(text)
        self.times[self.times.count - 1].append(self.ms)
    }
}
