public import TimelineModel

/// Takes what rules conclude. A rule writes into it and never reads from it.
public struct Report: Sendable {
    private(set) var drafts: [Draft] = []
    /// The rule that is being run: its place in the catalogue, which costs less to set than its page.
    var rule = 0
    private var page: RulePage { Catalogue.pages[self.rule] }
    /// The session that it looks at.
    var sessionID: Int64?
    /// How often each rule has spoken of the session.
    private(set) var counts: [String: Int] = [:]

    /// More findings of one rule about one session than this are counted and not kept: a fault in every frame would
    /// otherwise make a finding of every frame.
    static let limit = 10_000

    init(sessionID: Int64? = nil) {
        self.sessionID = sessionID
    }

    /// Concludes something.
    ///
    /// - Parameters:
    ///   - frame: the frame that shows it best.
    ///   - at: when it showed; that of `frame` where it is left out.
    ///   - message: one sentence without a full stop, with the numbers, that says what happened. What came of it and why
    ///     it was demoted is added by who judges the consequence.
    ///   - severity: where it is not that of the rule's page.
    ///   - consequence: what it leads to.
    ///   - span: what the capture must hold without a hole. An absence ("no pong came") needs all the time in which it
    ///     could have come; a state ("no CONNECT before") needs all from the session's beginning on. A span from
    ///     `session.facts.opened` on fails where the session began before the capture.
    ///   - isTimed: it rests on a measured time.
    ///   - sessionID: where it is not the session that the rule looks at.
    public mutating func add(
        _ message: String, frame: Frame, severity: Severity? = nil, consequence: Consequence = .none,
        over span: ClosedRange<Timestamp>? = nil, isTimed: Bool = false, demotion: Demotion? = nil,
        evidence: Evidence? = nil
    ) {
        self.add(
            message, at: frame.at, frameID: frame.id, severity: severity, consequence: consequence, over: span,
            isTimed: isTimed, demotion: demotion, evidence: evidence ?? Evidence(frames: [frame.id]))
    }

    public mutating func add(
        _ message: String, at: Timestamp, frameID: Int64? = nil, severity: Severity? = nil,
        consequence: Consequence = .none, over span: ClosedRange<Timestamp>? = nil, isTimed: Bool = false,
        demotion: Demotion? = nil, evidence: Evidence = Evidence(), sessionID: Int64? = nil
    ) {
        self.counts[self.page.id, default: 0] += 1
        guard self.counts[self.page.id, default: 0] <= Self.limit else { return }
        self.drafts.append(
            Draft(
                rule: self.page.id, severity: severity ?? self.page.severity,
                sessionID: sessionID ?? self.sessionID, frameID: frameID, at: at, message: message, evidence: evidence,
                consequence: consequence, span: span, isTimed: isTimed, demotion: demotion))
    }

    /// What was concluded. Of a rule that had more to say than is kept, the last one says how much more: nothing goes
    /// without a word.
    mutating func takeDrafts() -> [Draft] {
        for (rule, count) in self.counts.sorted(by: { $0.key < $1.key }) where count > Self.limit {
            guard let last = self.drafts.last(where: { $0.rule == rule }) else { continue }
            self.drafts.append(
                Draft(
                    rule: rule, severity: .note, sessionID: self.sessionID, frameID: nil, at: last.at,
                    message: "\(Phrase.count(count - Self.limit, "more finding")) of this rule, not kept",
                    evidence: Evidence([("not_kept", .integer(count - Self.limit))]), consequence: .shown, span: nil,
                    isTimed: false))
        }
        defer { self.drafts = [] }
        return self.drafts
    }
}
