import EngineIO
import TestSupport
import TimelineModel

@testable import Decoding
@testable import Faults

/// A session of a fixture.
final class RecordedSession {
    let id: Int64
    let sid: String
    let connectionID: Int64
    let completeHead: Bool
    private let lane: SessionLane
    private unowned let recording: Recording
    private let words: Words
    private let firstTransport: Transport
    private var opened: Timestamp?
    private var end: (endClass: EndClass, by: Sender?, at: Timestamp, code: UInt16?)?
    private(set) var lastFrameID: Int64?

    init(_ words: Words, id: Int64, in recording: Recording) {
        self.id = id
        self.words = words
        self.recording = recording
        self.sid = words["sid"] ?? "sid\(id)"
        self.completeHead = !words.has("headless")
        self.firstTransport = words["transport"].flatMap(Transport.init) ?? .websocket
        let client = words["client"] ?? "10.0.0.1"
        let server = words["server"] ?? "10.0.0.9:3000"
        let roundTrip = words["rtt"].flatMap(Double.init).map { Int64($0 * 1e6) }
        self.connectionID = recording.connection(client: client, server: server, roundTripNs: roundTrip)
        recording.connections[Int(self.connectionID) - 1].application = .websocket
        recording.connections[Int(self.connectionID) - 1].missingBytes = Int64(words["missing"] ?? "0") ?? 0
        recording.connections[Int(self.connectionID) - 1].undecodedBytes = Int64(words["undecoded"] ?? "0") ?? 0
        let version = EngineIOVersion(rawValue: Int(words["eio"] ?? "4") ?? 4) ?? .v4
        var facts = SessionFacts(id: id, sid: self.sid, opened: .zero)
        facts.path = words["path"] ?? "/socket.io/"
        facts.host = server
        facts.pingIntervalMs = Int(words["pi"] ?? "25000")
        facts.pingTimeoutMs = Int(words["pt"] ?? (version == .v4 ? "20000" : "5000"))
        facts.maxPayload = words["max"] == "none" ? nil : Int(words["max"] ?? "1000000")
        facts.upgrades = words["upgrades"] ?? (self.firstTransport == .polling ? "websocket" : "")
        facts.transports = [self.firstTransport]
        facts.userAgent = words["ua"]
        facts.origin = words["origin"]
        facts.forwardedFor = words["forwarded"]
        facts.completeHead = self.completeHead
        facts.holes = Int(words["holes"] ?? "0") ?? 0
        facts.lineage = Int64(words["lineage"] ?? "") ?? id
        let path = facts.path ?? ""
        self.lane = SessionLane(
            facts, version: version,
            pathHint: path.contains("socket.io") ? true : path.contains("engine.io") ? false : nil,
            client: ClientIdentity(clientAddress: client, server: server, path: path))
    }

    /// It was alive then.
    func note(_ at: Timestamp) {
        self.opened = min(self.opened ?? at, at)
    }

    func facts(captureEnd: Timestamp) -> SessionFacts {
        var facts = self.lane.facts
        facts.opened = self.opened ?? .zero
        if let end = self.end {
            (facts.endClass, facts.endedBy, facts.ended, facts.closeCode) = (end.endClass, end.by, end.at, end.code)
            facts.completeTail = true
        } else {
            facts.endClass = .captureEnd
        }
        return facts
    }

    // MARK: Its lines

    func perform(_ words: Words, at: Timestamp) throws {
        self.note(at)
        if words.first == "ends" {
            guard words.words.count > 2, let endClass = EndClass(rawValue: words.words[1]) else {
                throw ScenarioError(words.line, "wants ends END-CLASS SENDER")
            }
            let code = words.words.count > 3 ? UInt16(words.words[3]) : nil
            return self.noteEnd(endClass, Sender(rawValue: words.words[2]), at, code)
        }
        guard let sender: Sender = ["C": .client, "S": .server][words.first] else {
            throw ScenarioError(words.line, "wants C, S, a method, anomaly or ends behind the time")
        }
        var rest = words.words.dropFirst()
        var origin = FrameOrigin(
            connectionID: self.connectionID, at: at, sender: sender, transport: .websocket, opcode: 1, sizeBytes: 0,
            wireBytes: 0, flags: [], exchangeID: nil)
        var times = 1
        var size: Int?
        var wire: Int?
        while let word = rest.first {
            if word.hasPrefix("poll") {
                origin.transport = .polling
                origin.opcode = nil
                origin.exchangeID = Int64(word.dropFirst(5))
            } else if word.hasPrefix("+") {
                origin.flags.insert(FrameFlags(text: String(word.dropFirst())))
            } else if word.hasPrefix("x"), let count = Int(word.dropFirst()) {
                times = count
            } else if word.hasPrefix("on="), let number = Int64(word.dropFirst(3)) {
                origin.connectionID = number
            } else if word.hasPrefix("size="), let bytes = Int(word.dropFirst(5)) {
                size = bytes
            } else if word.hasPrefix("wire="), let bytes = Int(word.dropFirst(5)) {
                wire = bytes
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        origin.wireBytes = wire ?? 0
        for _ in 0..<times {
            try self.send(rest.joined(separator: " "), size: size, origin, words.line)
        }
    }

    private func send(_ text: String, size: Int?, _ origin: FrameOrigin, _ line: Scenario.Line) throws {
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        switch words.first {
        case "open":
            try self.send(self.openPacket, size: size, origin, line)
        case "bin":
            let data = bytes(hex: words.dropFirst().joined())
            var origin = origin
            if origin.transport == .websocket { origin.opcode = 2 }
            self.lane.receiveBinary(data.span, self.sized(origin, size ?? data.count), self.recording.log)
            self.lastFrameID = (self.lastFrameID ?? 0) + 1
        case "close":
            var frame = origin.frame(.websocket, sessionID: self.id)
            frame.opcode = 8
            frame.closeCode = words.count > 1 ? UInt16(words[1]) : nil
            frame.payload = words.count > 2 ? words[2] : nil
            frame.sizeBytes = size ?? 0
            self.lane.addControl(frame, [], self.recording.log)
            // A WebSocket beside the one that carries the session does not end it.
            if origin.connectionID == self.connectionID {
                self.noteEnd(.webSocketClose, origin.sender, origin.at, frame.closeCode)
            }
        case "ws-ping", "ws-pong":
            var frame = origin.frame(.websocket, sessionID: self.id)
            frame.opcode = words[0] == "ws-ping" ? 9 : 10
            self.lane.addControl(frame, [], self.recording.log)
        case "fin":
            self.noteEnd(.fin, origin.sender, origin.at, nil)
        case "rst":
            self.noteEnd(.rst, origin.sender, origin.at, nil)
        default:
            let data = Array(text.utf8)
            self.lane.receiveText(data.span, self.sized(origin, size ?? data.count), self.recording.log)
            if text == "1", origin.transport == .polling { self.noteEnd(.engineIOClose, origin.sender, origin.at, nil) }
        }
    }

    private func sized(_ origin: FrameOrigin, _ size: Int) -> FrameOrigin {
        var origin = origin
        origin.sizeBytes = size
        if origin.wireBytes == 0 { origin.wireBytes = size }
        return origin
    }

    private var openPacket: String {
        let facts = self.lane.facts
        let upgrades = (facts.upgrades ?? "").isEmpty ? "[]" : "[\"\(facts.upgrades ?? "")\"]"
        return #"0{"sid":"\#(self.sid)","upgrades":\#(upgrades),"pingInterval":\#(facts.pingIntervalMs ?? 0),"#
            + #""pingTimeout":\#(facts.pingTimeoutMs ?? 0)"# + (facts.maxPayload.map { ",\"maxPayload\":\($0)" } ?? "")
            + "}"
    }

    private func noteEnd(_ endClass: EndClass, _ by: Sender?, _ at: Timestamp, _ code: UInt16?) {
        if self.end == nil { self.end = (endClass, by, at, code) }
    }
}
