import TimelineModel

/// Runs the rules of one session. A value: a copy can be asked how it would end now.
struct SessionJudge {
    var state: SessionState
    private let team: SessionTeam
    private var rules: [any SessionRule]
    private(set) var report: Report

    init(_ state: SessionState, _ team: SessionTeam) {
        self.state = state
        self.team = team
        self.rules = team.make()
        self.report = Report(sessionID: state.facts.id)
    }

    mutating func see(_ frame: Frame) {
        self.state.meet(frame)
        for index in self.team.interested[Interest.kind(of: frame)] {
            self.report.rule = self.team.numbers[index]
            self.rules[index].see(frame, self.state, &self.report)
        }
        self.state.apply(frame)
    }

    mutating func see(_ exchange: ExchangeFacts, connection: ConnectionFacts?) {
        self.state.apply(exchange, connection: connection)
        for index in self.team.seeExchanges {
            self.report.rule = self.team.numbers[index]
            self.rules[index].see(exchange, self.state, &self.report)
        }
    }

    mutating func see(_ anomaly: Anomaly) {
        self.state.apply(anomaly)
        for index in self.team.seeAnomalies {
            self.report.rule = self.team.numbers[index]
            self.rules[index].see(anomaly, self.state, &self.report)
        }
    }

    /// The session is over, or the capture is.
    mutating func end() {
        for index in self.rules.indices {
            self.report.rule = self.team.numbers[index]
            self.rules[index].end(self.state, &self.report)
        }
    }

    /// How it would end now: only rules that promise not to take back what they say while the session goes on.
    ///
    /// - Parameter until: all that came before has been seen.
    func absences(until moment: Timestamp) -> [Draft] {
        var judge = self
        judge.state.facts.ended = nil
        judge.state.facts.endClass = .captureEnd
        judge.state.facts.endedBy = nil
        judge.state.facts.completeTail = false
        judge.state.seenUntil = moment
        let known = judge.report.drafts.count
        for index in self.team.tellAbsences {
            judge.report.rule = self.team.numbers[index]
            judge.rules[index].end(judge.state, &judge.report)
        }
        return Array(judge.report.drafts[known...])
    }

    /// What it would conclude in all if the session ended now, as its facts say.
    func atEnd() -> (drafts: [Draft], summary: SessionSummary) {
        var judge = self
        judge.end()
        let drafts = judge.takeDrafts()
        return (drafts, judge.summary)
    }

    mutating func takeDrafts() -> [Draft] { self.report.takeDrafts() }

    var summary: SessionSummary {
        var state = self.state
        state.retire()
        return SessionSummary(state: state, rules: self.report.counts)
    }
}

/// The rules of sessions that are in force, and which of them is shown what.
struct SessionTeam: Sendable {
    private let types: [any SessionRule.Type]
    private let settings: [RuleSettings]
    /// Where each stands in the catalogue.
    let numbers: [Int]
    /// By the kind of a frame: indexes of the rules that are shown it.
    let interested: [[Int]]
    let seeExchanges: [Int]
    let seeAnomalies: [Int]
    let tellAbsences: [Int]

    init(_ configuration: Configuration) {
        let types = Catalogue.all.compactMap { $0 as? any SessionRule.Type }
            .filter { !configuration.isOff($0.page.id) }
        self.types = types
        self.settings = types.map { configuration.settings(of: $0.page.id) }
        self.numbers = types.map { Catalogue.number($0) }
        self.interested = (0..<Interest.kindsOfFrames).map { kind in
            types.indices.filter { types[$0].sees.rawValue & (1 << UInt32(kind)) != 0 }
        }
        self.seeExchanges = types.indices.filter { types[$0].sees.contains(.exchanges) }
        self.tellAbsences = types.indices.filter { types[$0].tellsAbsences }
        self.seeAnomalies = types.indices.filter { types[$0].sees.contains(.anomalies) }
    }

    func make() -> [any SessionRule] {
        zip(self.types, self.settings).map { $0.init($1) }
    }
}
