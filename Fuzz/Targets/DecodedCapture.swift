import Decoding
import TimelineModel

/// All that a capture decoded to, in one piece, for comparison.
struct DecodedCapture {
    var frames: [Frame] = []
    var connections: [ConnectionFacts] = []
    var sessions: [SessionFacts] = []
    var exchanges: [ExchangeFacts] = []
    /// Sorted: when a note on the file is handed out depends on where the input was cut. Without the session: one that
    /// becomes known within a segment is known to what the same segment brings.
    var anomalies: [String] = []
    var facts: CaptureFacts?
    /// What anomalies say of frames that an export needs.
    private(set) var notes: [Int64: HookLogEncoder.Notes] = [:]
    /// Why the whole of it was refused.
    var refusal: String?

    /// Of a capture file.
    init(_ bytes: Span<UInt8>, _ cuts: [Range<Int>], limits: DecodingLimits = DecodingLimits()) throws(BrokenInvariant)
    {
        try self.init(CaptureDecoder(CaptureFacts(kind: .pcap, source: "fuzz"), limits: limits), bytes, cuts)
    }

    init(_ door: some Door, _ bytes: Span<UInt8>, _ cuts: [Range<Int>]) throws(BrokenInvariant) {
        do {
            for cut in cuts { try door.feed(bytes.extracting(cut)) { self.add($0) } }
            try door.finish { self.add($0) }
            self.facts = door.facts
        } catch {
            self.refusal = "\(error)"
        }
        self.anomalies.sort()
        try self.check()
    }

    /// Of rows in their last state.
    init(_ rows: TimelineBatch, _ facts: CaptureFacts) throws(BrokenInvariant) {
        self.add(rows)
        self.facts = facts
        self.anomalies.sort()
        try self.check()
    }

    private mutating func add(_ batch: TimelineBatch) {
        self.frames += batch.frames
        self.connections += batch.connections
        self.sessions += batch.sessions
        self.exchanges += batch.exchanges
        for anomaly in batch.anomalies {
            if let id = anomaly.frameID {
                self.notes[id, default: .init()].add(anomaly.code.text, detail: anomaly.detail)
            }
        }
        self.anomalies += batch.anomalies.map {
            "\($0.code) \($0.at) \($0.connectionID ?? 0) \($0.frameID ?? 0) \($0.detail)"
        }
    }

    /// What must hold of every timeline.
    private func check() throws(BrokenInvariant) {
        guard self.refusal == nil else { return }
        let connections = Set(self.connections.map(\.id))
        let sessions = Set(self.sessions.map(\.id))
        try require(connections.count == self.connections.count, "a connection has two rows")
        try require(sessions.count == self.sessions.count, "a session has two rows")
        for (index, frame) in self.frames.enumerated() {
            try require(frame.id == Int64(index) + 1, "frame \(index) has the id \(frame.id)")
            try require(connections.contains(frame.connectionID), "frame \(frame.id) of a connection without row")
            try require(
                frame.sessionID.map { sessions.contains($0) } ?? true, "frame \(frame.id) of a session without row")
            try require(frame.sizeBytes >= 0 && frame.wireBytes >= 0, "frame \(frame.id) has a negative size")
        }
        for session in self.sessions {
            let own = self.frames.filter { $0.sessionID == session.id }
            try require(
                own.filter { $0.sender == .client }.count == Int(session.framesClient)
                    && own.filter { $0.sender == .server }.count == Int(session.framesServer),
                "session \(session.id) counts \(session.framesClient) and \(session.framesServer) frames, has \(own.count)"
            )
        }
        for connection in self.connections {
            try require(
                connection.missingBytes >= 0 && connection.undecodedBytes >= 0
                    && connection.missingBytes <= connection.bytesClient + connection.bytesServer,
                "connection \(connection.id) misses \(connection.missingBytes) bytes")
        }
    }

    func requireEqual(to other: DecodedCapture, _ what: String) throws(BrokenInvariant) {
        try require(
            self.refusal == other.refusal,
            "\(what): \(String(describing: self.refusal)), else \(String(describing: other.refusal))")
        try require(
            self.facts == other.facts,
            "\(what): \(String(describing: self.facts))\nelse\n\(String(describing: other.facts))")
        try FuzzTargets.requireEqual(self.frames, other.frames, "\(what): frames")
        try FuzzTargets.requireEqual(self.connections, other.connections, "\(what): connections")
        try FuzzTargets.requireEqual(self.sessions, other.sessions, "\(what): sessions")
        try FuzzTargets.requireEqual(self.exchanges, other.exchanges, "\(what): exchanges")
        try FuzzTargets.requireEqual(self.anomalies, other.anomalies, "\(what): anomalies")
    }

    /// Limits so small that inputs of fuzzing size reach them.
    static var tightLimits: DecodingLimits {
        var limits = DecodingLimits()
        limits.heldBytes = 512
        limits.messageBytes = 200
        limits.idleConnectionNs = 1_000_000_000
        limits.connections = 2
        limits.waitingFrames = 4
        return limits
    }
}
