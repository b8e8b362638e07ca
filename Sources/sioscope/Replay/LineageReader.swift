import Replay
import Timeline
import TimelineModel

/// Reads what a replay drives out of a timeline: the lineage that a session belongs to.
struct LineageReader {
    let timeline: TimelineReader
    let path: String
    /// How a session is chosen, for errors: `--session N` or `run.db#N`.
    var choice: (Int64?) -> String = { $0.map { "--session \($0)" } ?? "--session" }

    /// - Parameter session: its id; nil where the timeline holds one lineage alone.
    /// - Throws: `ToolError` where there is no such session, or several could be meant.
    func lineage(of session: Int64?) throws -> RecordedLineage {
        var chosen: RecordedLineage?
        var lineages: Set<Int64> = []
        try self.timeline.forEachCapture(isWhole: true) { capture in
            LineageWitness(capture, wanted: session)
        } seen: { capture, witness in
            lineages.formUnion(capture.sessions.map(\.lineage))
            if let found = witness.finish(), chosen == nil { chosen = found }
        }
        if session == nil, lineages.count > 1 {
            throw ToolError(
                "\(self.path): holds the sessions of \(lineages.count) clients; choose one with "
                    + "\(self.choice(nil)) ('sioscope sessions \(self.path)' lists them)")
        }
        guard let chosen else {
            throw ToolError(
                session.map {
                    "\(self.choice($0)): no such session in \(self.path); 'sioscope sessions \(self.path)' lists them"
                } ?? "\(self.path): holds no session ('sioscope query \(self.path) anomalies' says what was odd)")
        }
        return chosen
    }
}

/// Collects the sessions of one lineage while a capture passes by.
private struct LineageWitness: CaptureWitness, Sendable {
    private var collectors: [Int64: SessionCollector] = [:]
    private let order: [SessionFacts]
    private var refusals: [ExchangeFacts] = []
    /// Of each connection the session that it last carried a request of.
    private var sessionOf: [Int64: Int64] = [:]
    private let clientOf: [Int64: String]
    private var connectionsOfLineage: Set<Int64> = []

    init(_ capture: StoredCapture, wanted: Int64?) {
        let session = capture.sessions.first { wanted == nil || $0.id == wanted }
        let lineage = session?.lineage
        self.order = lineage.map { lineage in capture.sessions.filter { $0.lineage == lineage } } ?? []
        for facts in self.order { self.collectors[facts.id] = SessionCollector(facts) }
        self.clientOf = Dictionary(
            capture.connections.map { ($0.id, $0.clientAddress) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func see(_ frame: Frame) {
        guard let id = frame.sessionID else { return }
        self.collectors[id]?.see(frame)
        if self.collectors[id] != nil { self.connectionsOfLineage.insert(frame.connectionID) }
    }

    mutating func see(_ exchange: ExchangeFacts) {
        if let id = exchange.sessionID {
            self.sessionOf[exchange.connectionID] = id
            self.collectors[id]?.see(exchange)
        } else if let status = exchange.status, status >= 400 {
            self.refusals.append(exchange)
        }
    }

    mutating func see(_ anomaly: Anomaly) {
        // One of a body names its connection alone.
        guard let id = anomaly.sessionID ?? anomaly.connectionID.flatMap({ self.sessionOf[$0] }) else { return }
        self.collectors[id]?.see(anomaly)
    }

    /// Nil where the capture holds nothing of what is wanted.
    func finish() -> RecordedLineage? {
        guard let first = self.order.first else { return nil }
        var lives = self.order.compactMap { facts in
            self.collectors[facts.id].map { RecordedLineage.Life.session($0.finish()) }
        }
        // A refused handshake carries no name of its client but the address: it counts where that client alone can
        // have made it, between two sessions of the lineage or behind its last one.
        let addresses = Set(self.connectionsOfLineage.compactMap { self.clientOf[$0] })
        for refusal in self.refusals where refusal.requested > first.opened {
            guard let address = self.clientOf[refusal.connectionID], addresses == [address], self.isAlone else {
                continue
            }
            lives.append(.refused(refusal))
        }
        return RecordedLineage(lives: lives.sorted { $0.began < $1.began })
    }

    /// No other client is in the capture.
    private var isAlone: Bool { Set(self.clientOf.values).count <= 1 }
}
