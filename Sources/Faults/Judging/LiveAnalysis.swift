public import TimelineModel

/// Judges a capture while it is recorded: what is new goes in, findings come out as soon as they are certain.
///
/// What it tells is what `Analysis` finds in the same capture later; where only the end of a session decides, it is told
/// then. Memory is bounded: of ended sessions the last `keptSessions` are remembered, for rules that compare them.
public struct LiveAnalysis: Sendable {
    /// What there is to say.
    public enum News: Sendable {
        /// - Parameter isOpen: it is of a session that will be settled.
        case finding(Finding, isOpen: Bool)
        /// The session has ended: all that was found in it, in its final state. Takes the place of what was told.
        case settled(session: Int64, [Finding])
        /// Of a session that has ended: what was told and is not among that.
        case takenBack(TakenBack)
        /// Nothing more comes of a session.
        case released(session: Int64)
    }

    /// How many sessions that are over are compared with new ones.
    static let keptSessions = 1_000
    /// Requests without an answer that are waited for.
    static let keptRequests = 10_000
    /// After so many requests the rules that count refusals begin anew.
    static let requestsOfAnEpoch = 100_000
    /// Late frames and requests of a session that is over still count for so long.
    private static let lingerNs: Int64 = 5_000_000_000
    /// A source whose clock is further from ours is none that absences could be told of while it runs.
    private static let trustedSkewNs: Int64 = 5_000_000_000
    /// Clients whose clocks agree so well are taken to have one.
    private static let oneClockNs: Int64 = 500_000_000

    private struct Life {
        /// The newest time at the tap, and when it came here.
        var newest: Timestamp
        var arrived: Timestamp
        /// Absences were asked for up to here, by the tap's clock.
        var judgedUntil: Timestamp?
        var drafts = 0
        var told: [FindingIdentity: Finding] = [:]
    }

    private var analysis: Analysis
    private var lives: [Int64: Life] = [:]
    /// Sessions that ended, until nothing of them is expected any more; and when they did, by our clock.
    private var lingering: [(session: Int64, since: Timestamp)] = []
    /// Requests whose answer has not come: those of no session yet, and those of each session with all behind them.
    private var open: [Int64: ExchangeFacts] = [:]
    private var requestsOf: [Int64: [Int64: ExchangeFacts]] = [:]
    /// Of rules that compare sessions or requests.
    private var toldOfCapture: Set<FindingIdentity> = []
    private var captureDrafts = 0
    private var isCaptureStale = false
    private var requests = 0
    /// Sessions that something was shown of since the last time.
    private var touched: Set<Int64> = []
    /// All that came before is seen: the last hand-over but one, by our clock. What arrived while one was being made
    /// may be in the next.
    private var handedOver: (before: Timestamp?, last: Timestamp?)

    public init(_ facts: CaptureFacts, configuration: Configuration = Configuration()) {
        self.analysis = Analysis(facts, connections: [], sessions: [], configuration: configuration)
    }

    // MARK: In

    /// - Parameters:
    ///   - batch: what is new, with the ids that the findings are to name.
    ///   - now: when it was handed over, by the clock of `tick`.
    public mutating func see(_ batch: TimelineBatch, _ facts: CaptureFacts, at now: Timestamp) -> [News] {
        self.handedOver = (self.handedOver.last, now)
        self.analysis.capture.facts = facts
        for connection in batch.connections {
            self.analysis.capture.add(connection, isFinal: connection.closed != nil)
            if connection.closed != nil, let id = self.analysis.capture.handshakes.session(of: connection.id) {
                self.analysis.judges[id]?.state.apply(closed: connection)
            }
        }
        for session in batch.sessions {
            self.analysis.capture.add(session)
            self.analysis.judges[session.id]?.state.facts = session
        }
        self.showRows(of: batch, at: now)
        var news = self.tellDrafts()
        let over = batch.sessions.filter { $0.endClass != nil }.map(\.id)
        for id in over { news += self.settle(id, at: now) }
        // Bytes may turn out to be missing only by what comes behind them.
        if batch.anomalies.contains(where: { $0.code.isHole }) {
            for (id, _) in self.lingering where !over.contains(id) { news += self.settle(id, at: now) }
        }
        return news
    }

    /// In the order in which an analysis of the stored capture sees them, as far as they are here together.
    private mutating func showRows(of batch: TimelineBatch, at now: Timestamp) {
        var exchanges = self.answered(batch)[...]
        var notes = batch.anomalies.filter { $0.frameID == nil }.sorted { $0.at < $1.at }[...]
        var frameNotes = batch.anomalies.filter { $0.frameID != nil }
            .sorted { ($0.frameID ?? 0) < ($1.frameID ?? 0) }[...]
        for frame in batch.frames {
            while let next = frameNotes.first, let id = next.frameID, id < frame.id {
                self.show(frameNotes.removeFirst())
            }
            while let next = exchanges.first, next.requested <= frame.at {
                self.show(exchanges.removeFirst())
            }
            while let next = notes.first, next.at < frame.at { self.show(notes.removeFirst()) }
            self.analysis.see(frame)
            guard let id = frame.sessionID else { continue }
            self.touched.insert(id)
            self.lives[id, default: Life(newest: frame.at, arrived: now)].newest = frame.at
            self.lives[id]?.arrived = now
        }
        for note in frameNotes { self.show(note) }
        for exchange in exchanges { self.show(exchange) }
        for note in notes { self.show(note) }
    }

    /// Rules are shown a request once, with its answer; those whose answer cannot come any more, or of which there are
    /// too many, without.
    private mutating func answered(_ batch: TimelineBatch) -> [ExchangeFacts] {
        var ready: [ExchangeFacts] = []
        for exchange in batch.exchanges {
            self.open[exchange.id] = nil
            guard let id = exchange.sessionID else {
                if exchange.responded != nil { ready.append(exchange) } else { self.open[exchange.id] = exchange }
                continue
            }
            self.requestsOf[id, default: [:]][exchange.id] = exchange
        }
        // Of a session, in the order of the requests: none goes before an earlier one that still waits.
        for (id, requests) in self.requestsOf {
            for exchange in requests.values.sorted(by: { ($0.requested, $0.id) < ($1.requested, $1.id) }) {
                guard self.isSettled(exchange) || requests.count > Self.keptRequests else { break }
                self.requestsOf[id]?[exchange.id] = nil
                ready.append(exchange)
            }
            if self.requestsOf[id]?.isEmpty == true { self.requestsOf[id] = nil }
        }
        for exchange in self.open.values where self.isSettled(exchange) || self.open.count > Self.keptRequests {
            self.open[exchange.id] = nil
            ready.append(exchange)
        }
        return ready.sorted { ($0.requested, $0.id) < ($1.requested, $1.id) }
    }

    /// Its answer is here, or cannot come any more.
    private func isSettled(_ exchange: ExchangeFacts) -> Bool {
        exchange.responded != nil || self.analysis.capture.connections[exchange.connectionID]?.closed != nil
    }

    private mutating func show(_ exchange: ExchangeFacts) {
        self.analysis.see(exchange)
        self.isCaptureStale = true
        self.requests += 1
        if let id = exchange.sessionID { self.touched.insert(id) }
    }

    private mutating func show(_ anomaly: Anomaly) {
        self.analysis.see(anomaly)
        self.isCaptureStale = true
        if let id = anomaly.sessionID { self.touched.insert(id) }
    }

    // MARK: Out

    /// Time goes by: absences are told whose time is over.
    ///
    /// - Parameter now: by the clock of `see`; to be called some times a second.
    public mutating func tick(at now: Timestamp) -> [News] {
        var news: [News] = []
        // Who hands over nothing at all for long has nothing; else what arrives now may still be on its way.
        let quiet = now.nanoseconds - 750_000_000
        let safe = self.handedOver.last.map { last in
            last.nanoseconds < quiet ? Timestamp(nanoseconds: quiet) : self.handedOver.before ?? last
        }
        if let safe {
            for id in self.lives.keys.sorted() { news += self.tellAbsences(of: id, until: safe) }
        }
        while let first = self.lingering.first, now.nanoseconds(since: first.since) > Self.lingerNs {
            self.lingering.removeFirst()
            self.letGo(first.session)
            news.append(.released(session: first.session))
        }
        if self.isCaptureStale { news += self.compare() }
        self.bound()
        return news
    }

    /// The recording ends: what the rules say of sessions and requests in all, besides what was told.
    public mutating func finish(at now: Timestamp) -> [News] {
        self.isCaptureStale = true
        return self.tick(at: now)
    }

    /// How far the capture has been judged, by its clock: what was told of sessions that are open at the end is found
    /// again by an analysis whose capture ends there. Nil where nothing is open, or a clock is not to be trusted.
    public var judgedUntil: Timestamp? {
        let open = self.lives.filter { id, _ in
            let end = self.analysis.capture.sessions[id]?.endClass
            return end == nil || end == .captureEnd
        }
        guard open.values.allSatisfy({ self.isTrusted($0) }) else { return nil }
        let moments = open.values.map { $0.judgedUntil ?? $0.newest }
        guard let first = moments.min(), let last = moments.max() else { return nil }
        // Each client of a hook log may have a clock of its own: an absence must not be told by another one's.
        let isOneClock =
            self.analysis.capture.facts.kind != .hook || last.nanoseconds(since: first) <= Self.oneClockNs
        return isOneClock ? last : first
    }

    private func isTrusted(_ life: Life) -> Bool {
        abs(life.arrived.nanoseconds(since: life.newest)) <= Self.trustedSkewNs
    }

    private mutating func tellAbsences(of id: Int64, until safe: Timestamp) -> [News] {
        guard let life = self.lives[id], let judge = self.analysis.judges[id], judge.state.facts.endClass == nil,
            self.isTrusted(life)
        else { return [] }
        // The tap's clock, as far as it has gone since the session's last frame.
        let until = life.newest.later(by: max(0, safe.nanoseconds(since: life.arrived)))
        self.lives[id]?.judgedUntil = max(until, life.judgedUntil ?? until)
        return self.tell(judge.absences(until: until), of: id, judge.summary)
    }

    /// What was concluded since the last time.
    private mutating func tellDrafts() -> [News] {
        var news: [News] = []
        defer { self.touched = [] }
        for id in self.touched.sorted() {
            guard let judge = self.analysis.judges[id], let known = self.lives[id]?.drafts,
                judge.report.drafts.count > known
            else { continue }
            self.lives[id]?.drafts = judge.report.drafts.count
            news += self.tell(Array(judge.report.drafts[known...]), of: id, judge.summary)
        }
        return news
    }

    private mutating func tell(_ drafts: [Draft], of id: Int64, _ summary: SessionSummary) -> [News] {
        guard !drafts.isEmpty else { return [] }
        return self.conclude(drafts, [summary]).compactMap { finding in
            let key = self.key(finding)
            guard self.lives[id] != nil, self.lives[id]?.told[key] == nil else { return nil }
            self.lives[id]?.told[key] = finding
            return .finding(finding, isOpen: true)
        }
    }

    private mutating func settle(_ id: Int64, at now: Timestamp) -> [News] {
        guard var judge = self.analysis.judges[id], let life = self.lives[id] else { return [] }
        judge.state.seenUntil = max(self.analysis.capture.facts.ended ?? life.newest, life.judgedUntil ?? life.newest)
        if !self.lingering.contains(where: { $0.session == id }) { self.lingering.append((id, now)) }
        self.isCaptureStale = true
        let (drafts, summary) = judge.atEnd()
        let findings = self.conclude(drafts, [summary])
        let new = findings.filter { life.told[self.key($0)] == nil }
        let takenBack = TakenBack.all(
            of: life.told.values.sorted { $0.at < $1.at }, final: findings, lineage: self.lineage)
        let final = Dictionary(findings.map { (self.key($0), $0) }) { $0.severity < $1.severity ? $1 : $0 }
        self.lives[id]?.told = final
        return takenBack.map { .takenBack($0) } + new.map { .finding($0, isOpen: true) }
            + [.settled(session: id, findings)]
    }

    /// Runs the rules that compare sessions and requests on what there is.
    private mutating func compare() -> [News] {
        self.isCaptureStale = false
        var copy = self.analysis
        for (id, _) in self.lingering { copy.end(id) }
        copy.capture.unsettled.requests = Array(self.open.values)
        copy.capture.unsettled.sessions = copy.judges.values.map(\.state)
        copy.compare(isOver: false)
        let drafts = Array(copy.captureReport.drafts[self.captureDrafts...])
        self.captureDrafts = self.analysis.captureReport.drafts.count
        let running = Set(drafts.compactMap(\.sessionID)).compactMap { self.analysis.judges[$0]?.summary }
        return self.conclude(drafts, copy.summaries + running).compactMap { finding in
            self.toldOfCapture.insert(self.key(finding)).inserted ? .finding(finding, isOpen: false) : nil
        }
    }

    private func conclude(_ drafts: [Draft], _ sessions: [SessionSummary]) -> [Finding] {
        Verdict(self.analysis.capture, sessions, self.analysis.configuration).conclusions(drafts).map(\.finding)
    }

    private func key(_ finding: Finding) -> FindingIdentity {
        FindingIdentity(finding, lineage: self.lineage)
    }

    private func lineage(_ session: Int64) -> Int64 { self.analysis.capture.sessions[session]?.lineage ?? session }

    // MARK: Letting go

    private mutating func letGo(_ id: Int64) {
        self.lives[id] = nil
        self.requestsOf[id] = nil
        self.analysis.end(id)
        self.analysis.drafts = []
    }

    private mutating func bound() {
        if self.analysis.summaries.count > 2 * Self.keptSessions || self.requests > Self.requestsOfAnEpoch {
            let running = Set(self.lives.keys)
            self.analysis.forget(keeping: Self.keptSessions, running: running)
            self.requests = 0
            self.captureDrafts = 0
            self.toldOfCapture = []
        }
    }
}
