public import TimelineModel

/// Judges one capture in one pass: what is in it goes in in time order, findings come out at its end.
///
/// Memory grows with the sessions, the requests that were refused and the findings; not with the frames.
public struct Analysis: Sendable {
    /// What an analysis came to.
    public struct Outcome: Sendable {
        /// In time order.
        public var conclusions: [Conclusion]
        /// In the order of their beginnings.
        public var sessions: [SessionSummary]
        public var capture: CaptureState

        public var findings: [Finding] { self.conclusions.map(\.finding) }
    }

    let configuration: Configuration
    let team: SessionTeam
    var capture: CaptureState
    private var anomalyRules: [(rule: any AnomalyRule, number: Int)]
    var captureRules: [(rule: any CaptureRule, number: Int)]
    var judges: [Int64: SessionJudge] = [:]
    /// The sessions that are being judged, by the address of their client.
    private var ofAddress: [String: Set<Int64>] = [:]
    var summaries: [SessionSummary] = []
    /// Sessions that were judged to their end: what still names them is for the rules of the capture alone.
    var ended: Set<Int64> = []
    var drafts: [Draft] = []
    var captureReport: Report
    /// Sessions by the time after which nothing of them is expected any more, the last one first.
    private var due: [(at: Timestamp, session: Int64)] = []

    /// Requests that name a session come this much later than its end at most.
    static let lingerNs: Int64 = 120_000_000_000

    /// - Parameters:
    ///   - connections: all of the capture's.
    ///   - sessions: all of the capture's, with their ends where these are known.
    public init(
        _ facts: CaptureFacts, connections: [ConnectionFacts], sessions: [SessionFacts],
        configuration: Configuration = Configuration()
    ) {
        self.configuration = configuration
        self.team = SessionTeam(configuration)
        self.capture = CaptureState(facts)
        for connection in connections { self.capture.add(connection, isFinal: true) }
        for session in sessions { self.capture.add(session) }
        let types = Catalogue.all.filter { !configuration.isOff($0.page.id) }
        self.anomalyRules = types.compactMap { $0 as? any AnomalyRule.Type }
            .map { ($0.init(configuration.settings(of: $0.page.id)), Catalogue.number($0)) }
        self.captureRules = Self.captureRules(configuration)
        self.captureReport = Report()
        self.due = sessions.compactMap { session in
            guard session.endClass != .captureEnd, let ended = session.ended else { return nil }
            let (at, overflow) = ended.nanoseconds.addingReportingOverflow(Self.lingerNs)
            return overflow ? nil : (Timestamp(nanoseconds: at), session.id)
        }
        .sorted { $0.0 > $1.0 }
    }

    // MARK: In time order

    public mutating func see(_ frame: Frame) {
        self.capture.apply(frame)
        guard let id = frame.sessionID else { return }
        self.retire(before: frame.at)
        var owedSince: Timestamp?
        var address = ""
        var sid: String?
        self.withJudge(of: id, connectionID: frame.connectionID) { judge, _ in
            owedSince = judge.state.heartbeat.owedSince
            address = judge.state.clientAddress
            sid = judge.state.facts.sid
            judge.see(frame)
        }
        guard frame.sender == .client else { return }
        self.capture.suspensions.speak(frame, from: address, sid: sid, owedSince: owedSince) { [judges, ofAddress] in
            (ofAddress[address] ?? []).compactMap { other in
                guard other != id, let judge = judges[other], sid == nil || judge.state.facts.sid != sid else {
                    return nil
                }
                return judge.state.heartbeat.owedSince.map {
                    ClosedRange(between: $0, and: max($0, judge.state.lastMoment))
                }
            }
        }
    }

    public mutating func see(_ exchange: ExchangeFacts) {
        self.retire(before: exchange.requested)
        self.capture.apply(exchange)
        if let id = exchange.sessionID {
            self.withJudge(of: id, connectionID: exchange.connectionID) { judge, capture in
                judge.see(exchange, connection: capture.connections[exchange.connectionID])
            }
        }
        for index in self.captureRules.indices {
            self.captureReport.rule = self.captureRules[index].number
            self.captureReport.sessionID = exchange.sessionID
            self.captureRules[index].rule.see(exchange, self.capture, &self.captureReport)
        }
    }

    public mutating func see(_ anomaly: Anomaly) {
        self.capture.apply(anomaly)
        var state: SessionState?
        if let id = anomaly.sessionID {
            self.withJudge(of: id, connectionID: anomaly.connectionID) { judge, _ in
                judge.see(anomaly)
                state = judge.state
            }
        }
        self.captureReport.sessionID = anomaly.sessionID
        for (rule, number) in self.anomalyRules where type(of: rule).codes.contains(anomaly.code) {
            self.captureReport.rule = number
            rule.judge(anomaly, state, self.capture, &self.captureReport)
        }
    }

    private mutating func withJudge(
        of id: Int64, connectionID: Int64?, _ body: (inout SessionJudge, CaptureState) -> Void
    ) {
        if let index = self.judges.index(forKey: id) {
            body(&self.judges.values[index], self.capture)
            return
        }
        guard !self.ended.contains(id), let facts = self.capture.sessions[id] else { return }
        let connection = connectionID.flatMap { self.capture.connections[$0] }
        var judge = SessionJudge(SessionState(facts, self.capture, connection: connection), self.team)
        body(&judge, self.capture)
        self.ofAddress[judge.state.clientAddress, default: []].insert(id)
        self.judges[id] = judge
    }

    private mutating func retire(before now: Timestamp) {
        while let last = self.due.last, last.at < now {
            self.due.removeLast()
            self.end(last.session)
        }
    }

    mutating func end(_ id: Int64) {
        guard var judge = self.judges.removeValue(forKey: id) else { return }
        judge.end()
        self.ofAddress[judge.state.clientAddress]?.remove(id)
        self.ended.insert(id)
        self.drafts += judge.takeDrafts()
        self.summaries.append(judge.summary)
    }

    // MARK: At the end

    /// All of the capture has been seen.
    public mutating func finish() -> Outcome {
        for id in self.judges.keys.sorted() { self.end(id) }
        self.summaries.sort { ($0.facts.opened, $0.facts.id) < ($1.facts.opened, $1.facts.id) }
        self.compare()
        self.drafts += self.captureReport.takeDrafts()
        let verdict = Verdict(self.capture, self.summaries, self.configuration)
        let conclusions = verdict.conclusions(self.drafts)
        self.drafts = []
        return Outcome(conclusions: conclusions, sessions: self.summaries, capture: self.capture)
    }

    /// Runs the rules that judge sessions and requests together.
    ///
    /// - Parameter isOver: the capture is; else only those are asked that say nothing they may take back.
    mutating func compare(isOver: Bool = true) {
        self.judgeLineages(isOver: isOver)
        self.captureReport.sessionID = nil
        for index in self.captureRules.indices {
            guard isOver || type(of: self.captureRules[index].rule).telling != .atTheEnd else { continue }
            self.captureReport.rule = self.captureRules[index].number
            self.captureRules[index].rule.end(self.capture, self.summaries, &self.captureReport)
        }
    }

    static func captureRules(_ configuration: Configuration) -> [(rule: any CaptureRule, number: Int)] {
        Catalogue.all.compactMap { $0 as? any CaptureRule.Type }.filter { !configuration.isOff($0.page.id) }
            .map { ($0.init(configuration.settings(of: $0.page.id)), Catalogue.number($0)) }
    }

    private mutating func judgeLineages(isOver: Bool) {
        let rules = Catalogue.all.compactMap { $0 as? any LineageRule.Type }
            .filter { !self.configuration.isOff($0.page.id) && (isOver || $0.telling != .atTheEnd) }
        let lineages = Dictionary(grouping: self.summaries.indices) { self.summaries[$0].facts.lineage }
        for (_, members) in lineages.sorted(by: { $0.key < $1.key }) {
            let sessions = members.map { self.summaries[$0] }
            for type in rules {
                self.captureReport.rule = Catalogue.number(type)
                self.captureReport.sessionID = sessions.last?.facts.id
                type.init(self.configuration.settings(of: type.page.id))
                    .judge(sessions, self.capture, &self.captureReport)
            }
        }
    }
}
