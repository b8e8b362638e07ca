import EngineIO
import TimelineModel

@testable import Decoding
@testable import Faults

/// What a decoder would have made of a recording, written by hand: facts, and frames from the real decoder.
final class Recording {
    var capture = CaptureFacts(kind: .pcap, source: "fixture")
    var connections: [ConnectionFacts] = []
    var sessions: [RecordedSession] = []
    var exchanges: [ExchangeFacts] = []
    var anomalies: [Anomaly] = []
    let log = TimelineLog(DecodingLimits())
    private var captureEnd: Timestamp?
    private var last = Timestamp.zero

    init(_ lines: [Scenario.Line]) throws {
        // Sessions and exchanges first: frames name them.
        for line in lines { try self.declare(line) }
        let actions = try lines.compactMap { try self.action($0) }
        for action in actions.enumerated().sorted(by: { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }) {
            self.last = max(self.last, action.element.at)
            try action.element.perform(self)
        }
        for line in lines { self.describeConnection(Words(line)) }
        for exchange in self.exchanges { self.last = max(self.last, exchange.responded ?? exchange.requested) }
        self.exchanges.sort { ($0.requested, $0.id) < ($1.requested, $1.id) }
        self.capture.started = .zero
        self.capture.ended = self.captureEnd ?? self.last
        self.capture.completeHead = self.sessions.allSatisfy { $0.completeHead }
    }

    /// The findings of all rules.
    func analysed(_ configuration: Configuration) -> Analysis.Outcome { self.rows().analysed(configuration) }

    /// All of it, as a timeline would hold it. To be asked once.
    func rows() -> CaptureContents {
        let batch = self.log.drain()
        return CaptureContents(
            facts: self.capture, connections: self.connections,
            sessions: self.sessions.map { $0.facts(captureEnd: self.capture.ended ?? self.last) },
            frames: batch.frames, exchanges: self.exchanges, anomalies: batch.anomalies + self.anomalies)
    }

    // MARK: Reading lines

    /// `connection 2 ...`: what is known of a connection that sessions or requests of the block use.
    private func describeConnection(_ words: Words) {
        guard words.first == "connection", words.words.count > 1, let number = Int(words.words[1]),
            self.connections.indices.contains(number - 1)
        else { return }
        var facts = self.connections[number - 1]
        facts.completeHead = !words.has("headless")
        facts.missingBytes = Int64(words["missing"] ?? "0") ?? 0
        facts.clientKnownBy = words["known"].flatMap(ClientEvidence.init) ?? facts.clientKnownBy
        facts.closed = words.time("closed")
        facts.closedBy = words["by"].flatMap(Sender.init)
        facts.closeKind = words["kind"].flatMap(CloseKind.init)
        self.connections[number - 1] = facts
    }

    private func declare(_ line: Scenario.Line) throws {
        let words = Words(line)
        switch words.first {
        case "capture":
            if let kind = words["kind"] { self.capture.kind = CaptureKind(rawValue: kind) ?? .pcap }
            if let tap = words["tap"] { self.capture.tap = TapPosition(rawValue: tap) ?? .unknown }
            if let end = words.time("end") { self.captureEnd = end }
            if words.has("cut") { self.capture.completeTail = false }
            self.capture.cutPackets = Int64(words["snapped"] ?? "0") ?? 0
            self.capture.droppedPackets = (Int64(words["dropped"] ?? "0") ?? 0) + self.capture.cutPackets
            if let missing = words["other-missing"].flatMap({ Int64($0) }) {
                let id = self.connection(client: "10.0.0.1", server: "10.0.0.9:22", roundTripNs: nil)
                self.connections[Int(id) - 1].missingBytes = missing
            }
            for _ in 0..<(Int(words["tls"] ?? "0") ?? 0) {
                let id = self.connection(client: "10.0.0.1", server: "10.0.0.9:443", roundTripNs: nil)
                self.connections[Int(id) - 1].application = .tls
            }
        case "session":
            self.sessions.append(RecordedSession(words, id: Int64(self.sessions.count) + 1, in: self))
        default:
            break
        }
    }

    static let methods: Set<String> = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]

    struct Action {
        var at: Timestamp
        var perform: (Recording) throws -> Void
    }

    private var currentSession = 0

    private func action(_ line: Scenario.Line) throws -> Action? {
        var words = Words(line)
        if words.first == "capture" || words.first == "connection" { return nil }
        if words.first == "session" {
            self.currentSession += 1
            return nil
        }
        guard let at = Timestamp(seconds: words.first) else { throw ScenarioError(line, "begins with no time") }
        words.words.removeFirst()
        var number = self.currentSession
        if words.first.hasPrefix("@") {
            number = Int(words.first.dropFirst()) ?? 0
            words.words.removeFirst()
        }
        let session = self.sessions.indices.contains(number - 1) ? self.sessions[number - 1] : nil
        if Self.methods.contains(words.first) {
            let exchange = try RecordedExchange(words, at: at, id: Int64(self.exchanges.count) + 1, in: self)
            self.exchanges.append(exchange.facts)
            if let session = self.sessions.first(where: { $0.id == exchange.facts.sessionID }) { session.note(at) }
            return nil
        }
        if words.first == "anomaly" {
            return Action(at: at) { try $0.addAnomaly(words, at: at, session: session) }
        }
        guard let session else { throw ScenarioError(line, "stands before any session") }
        return Action(at: at) { _ in try session.perform(words, at: at) }
    }

    private func addAnomaly(_ words: Words, at: Timestamp, session: RecordedSession?) throws {
        let hasSession = !words.has("nosession")
        let detail = words.words.dropFirst(2).filter { $0 != "nosession" && !$0.hasPrefix("connection=") }
            .joined(separator: " ")
        self.anomalies.append(
            Anomaly(
                Anomaly.Code(stringLiteral: words.words[1]), at: at, detail: detail,
                sessionID: hasSession ? session?.id : nil,
                connectionID: words["connection"].flatMap { Int64($0) } ?? session?.connectionID ?? 1,
                frameID: hasSession ? session?.lastFrameID : nil))
    }

    /// A connection with this client; made where there is none.
    func connection(
        client: String, server: String, roundTripNs: Int64?, number: Int? = nil, opened: Timestamp = .zero
    ) -> Int64 {
        if let number {
            while self.connections.count < number {
                self.connections.append(Self.connection(self.connections.count + 1, client, server, roundTripNs))
                self.connections[self.connections.count - 1].opened = opened
            }
            return Int64(number)
        }
        self.connections.append(Self.connection(self.connections.count + 1, client, server, roundTripNs))
        self.connections[self.connections.count - 1].opened = opened
        return Int64(self.connections.count)
    }

    private static func connection(
        _ id: Int, _ client: String, _ server: String, _ roundTripNs: Int64?
    ) -> ConnectionFacts {
        let end = server.split(separator: ":")
        var facts = ConnectionFacts(
            id: Int64(id), clientAddress: client, clientPort: 50_000 + id, serverAddress: String(end.first ?? ""),
            serverPort: Int(end.last ?? "") ?? 3000, opened: .zero)
        facts.roundTripNs = roundTripNs
        return facts
    }
}

extension Timestamp {
    /// Seconds since the beginning of the recording.
    init?(seconds text: String) {
        guard let seconds = Double(text) else { return nil }
        self.init(nanoseconds: Int64((seconds * 1e9).rounded()))
    }
}

/// The words of a line, and those among them that say `key=value`.
struct Words {
    let line: Scenario.Line
    var words: [String]

    init(_ line: Scenario.Line) {
        self.line = line
        self.words = line.text.split(separator: " ").map(String.init)
    }

    var first: String { self.words.first ?? "" }

    subscript(_ key: String) -> String? {
        self.words.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
    }

    func has(_ word: String) -> Bool { self.words.contains(word) }

    func time(_ key: String) -> Timestamp? { self[key].flatMap { Timestamp(seconds: $0) } }
}
