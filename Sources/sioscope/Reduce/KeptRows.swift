import Replay
import Timeline
import TimelineModel

/// Takes the rows of a part of a recording out of the capture that holds it, as a capture of its own.
struct KeptRows: CaptureWitness, Sendable {
    private var batch = TimelineBatch()
    private var facts: CaptureFacts
    private let connections: [ConnectionFacts]
    private let sessions: [SessionFacts]

    /// What stays, by the ids of the file.
    private let keptSessions: Set<Int64>
    private let keptFrames: Set<Int64>
    private let keptRefusals: Set<Int64>
    /// Sessions and senders whose last header stays: its attachments do too.
    private var attaching: Set<Origin> = []
    /// Of each session the last exchange that was passed over: how polling ended shows there.
    private var last: [Int64: ExchangeFacts] = [:]
    /// Of each connection the session that it last carried a request of.
    private var sessionOf: [Int64: Int64] = [:]

    private struct Origin: Hashable {
        var session: Int64
        var sender: Sender
    }

    init(_ capture: StoredCapture, of lineage: RecordedLineage) {
        self.facts = capture.facts
        self.connections = capture.connections
        let sessions = lineage.sessions
        self.keptSessions = Set(sessions.map(\.facts.id))
        self.sessions = capture.sessions.filter { [keptSessions] in keptSessions.contains($0.id) }
        self.keptFrames = Set(sessions.lazy.flatMap(\.packets).map(\.frameID))
        self.keptRefusals = Set(
            lineage.lives.compactMap { if case .refused(let exchange) = $0 { exchange.id } else { nil } })
    }

    mutating func see(_ frame: Frame) {
        guard let session = frame.sessionID, self.keptSessions.contains(session) else { return }
        let origin = Origin(session: session, sender: frame.sender)
        let isKept: Bool
        if frame.layer == .websocket {
            isKept = frame.opcode == 8
        } else if self.keptFrames.contains(frame.id) {
            isKept = true
            self.attach(origin, frame.socketIOType == .binaryEvent || frame.socketIOType == .binaryAck)
        } else if frame.socketIOType == .attachment {
            isKept = self.attaching.contains(origin)
        } else {
            isKept = false
            if frame.engineIOType == .message { self.attach(origin, false) }
        }
        if isKept { self.batch.frames.append(frame) }
    }

    private mutating func attach(_ origin: Origin, _ isHeader: Bool) {
        if isHeader { self.attaching.insert(origin) } else { self.attaching.remove(origin) }
    }

    mutating func see(_ exchange: ExchangeFacts) {
        if let session = exchange.sessionID {
            guard self.keptSessions.contains(session) else { return }
            self.sessionOf[exchange.connectionID] = session
            self.batch.exchanges.append(exchange)
            self.last[session] = exchange
        } else if self.keptRefusals.contains(exchange.id) {
            self.batch.exchanges.append(exchange)
        }
    }

    mutating func see(_ anomaly: Anomaly) {
        if anomaly.frameID != nil {
            self.batch.anomalies.append(anomaly)
        } else if SessionCollector.isBrokenBody(anomaly), let connection = anomaly.connectionID,
            let session = self.sessionOf[connection]
        {
            var anomaly = anomaly
            anomaly.sessionID = session
            self.batch.anomalies.append(anomaly)
        }
    }

    /// The rows, with ids that count from 1.
    consuming func finish() -> (facts: CaptureFacts, batch: TimelineBatch) {
        var batch = self.batch
        // A poll that carries nothing any more is left out; the handshake, the switch to WebSocket, refusals and the
        // last one say how the session went.
        let carrying = Set(batch.frames.compactMap(\.exchangeID))
        let lasts = Set(self.last.values.map(\.id))
        batch.exchanges = batch.exchanges.filter {
            carrying.contains($0.id) || lasts.contains($0.id) || $0.status != 200
        }
        let used = Set(batch.frames.map(\.connectionID)).union(batch.exchanges.map(\.connectionID))
        batch.connections = self.connections.filter { used.contains($0.id) }
        batch.sessions = self.sessions
        let kept = Set(batch.frames.map(\.id))
        batch.anomalies = batch.anomalies.filter { $0.frameID.map(kept.contains) ?? ($0.sessionID != nil) }
        Renumbering(batch).apply(to: &batch)
        for index in batch.sessions.indices {
            let id = batch.sessions[index].id
            batch.sessions[index].framesClient = Self.count(batch.frames, of: id, .client)
            batch.sessions[index].framesServer = Self.count(batch.frames, of: id, .server)
        }
        var facts = self.facts
        facts.otherRequests = 0
        return (facts, batch)
    }

    private static func count(_ frames: [Frame], of session: Int64, _ sender: Sender) -> Int64 {
        Int64(frames.count { $0.sessionID == session && $0.sender == sender })
    }
}

/// New ids for rows, in their order, from 1.
private struct Renumbering {
    private let frames: [Int64: Int64]
    private let exchanges: [Int64: Int64]
    private let connections: [Int64: Int64]
    private let sessions: [Int64: Int64]
    private let lineages: [Int64: Int64]

    init(_ batch: TimelineBatch) {
        func numbers(_ ids: [Int64]) -> [Int64: Int64] {
            Dictionary(ids.enumerated().map { ($1, Int64($0) + 1) }, uniquingKeysWith: { first, _ in first })
        }
        self.frames = numbers(batch.frames.map(\.id))
        self.exchanges = numbers(batch.exchanges.map(\.id))
        self.connections = numbers(batch.connections.map(\.id))
        let sessions = numbers(batch.sessions.map(\.id))
        self.sessions = sessions
        // Named by its first session, which may be gone.
        self.lineages = Dictionary(
            batch.sessions.map { ($0.lineage, sessions[$0.id] ?? 1) }, uniquingKeysWith: { min($0, $1) })
    }

    func apply(to batch: inout TimelineBatch) {
        for index in batch.frames.indices {
            let frame = batch.frames[index]
            batch.frames[index].id = self.frames[frame.id] ?? 0
            batch.frames[index].sessionID = frame.sessionID.flatMap { self.sessions[$0] }
            batch.frames[index].connectionID = self.connections[frame.connectionID] ?? 0
            batch.frames[index].exchangeID = frame.exchangeID.flatMap { self.exchanges[$0] }
        }
        for index in batch.exchanges.indices {
            let exchange = batch.exchanges[index]
            batch.exchanges[index].id = self.exchanges[exchange.id] ?? 0
            batch.exchanges[index].sessionID = exchange.sessionID.flatMap { self.sessions[$0] }
            batch.exchanges[index].connectionID = self.connections[exchange.connectionID] ?? 0
        }
        for index in batch.anomalies.indices {
            let anomaly = batch.anomalies[index]
            batch.anomalies[index].frameID = anomaly.frameID.flatMap { self.frames[$0] }
            batch.anomalies[index].sessionID = anomaly.sessionID.flatMap { self.sessions[$0] }
            batch.anomalies[index].connectionID = anomaly.connectionID.flatMap { self.connections[$0] }
        }
        for index in batch.connections.indices {
            batch.connections[index].id = self.connections[batch.connections[index].id] ?? 0
        }
        for index in batch.sessions.indices {
            let session = batch.sessions[index]
            batch.sessions[index].lineage = self.lineages[session.lineage] ?? 1
            batch.sessions[index].id = self.sessions[session.id] ?? 0
        }
    }
}
