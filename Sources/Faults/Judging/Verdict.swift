public import TimelineModel

/// A finding, with what a diagnosis wants to know of it beside.
public struct Conclusion: Sendable {
    public var finding: Finding
    /// What happened, without what came of it: the finding's message has both.
    var clause: String
    /// The session ended as the fault predicts, so long after it; nil where it did not, or no end is predicted.
    var endedAfterNs: Int64?
}

/// Makes findings of drafts, once all is known: what came of each fault, and what excuses it.
struct Verdict {
    private let capture: CaptureState
    private let sessions: [Int64: SessionSummary]
    private let configuration: Configuration

    init(_ capture: CaptureState, _ sessions: [SessionSummary], _ configuration: Configuration) {
        self.capture = capture
        self.sessions = Dictionary(sessions.map { ($0.facts.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.configuration = configuration
    }

    /// In time order; without those that the capture cannot prove.
    func conclusions(_ drafts: [Draft]) -> [Conclusion] {
        drafts.enumerated()
            .compactMap { order, draft in self.conclusion(draft).map { (order, $0) } }
            .sorted { ($0.1.finding.at, $0.0) < ($1.1.finding.at, $1.0) }
            .map(\.1)
    }

    private func conclusion(_ draft: Draft) -> Conclusion? {
        var draft = draft
        let session = draft.sessionID.flatMap { self.sessions[$0] }
        if let span = draft.span {
            if let session, !self.capture.isWhole(span, session: session.state) { return nil }
            if draft.isTimed, self.capture.clockStepped(in: span) {
                draft.demotion = .clockStep
            } else if draft.isTimed, draft.demotion == nil, let session,
                let suspension = self.capture.suspensions.first(of: session.clientAddress, in: span)
            {
                draft.demotion = .suspendedHost
                draft.evidence.add("suspended_ms", .milliseconds(suspension.nanoseconds))
            }
        }
        let endedAfterNs = self.endedAfterNs(draft, session)
        let status: FindingStatus = draft.consequence == .shown || endedAfterNs != nil ? .confirmed : .latent
        var message = draft.message
        if let endedAfterNs {
            let who = session?.facts.endedBy.map(\.rawValue) ?? "the connection"
            message += "; \(who) closed \(Phrase.later(endedAfterNs))"
        }
        if let demotion = draft.demotion {
            message += " (\(demotion.phrase))"
            draft.evidence.add("demoted", .string(demotion.rawValue))
        }
        let finding = Finding(
            sessionID: draft.sessionID, frameID: draft.frameID, rule: draft.rule,
            severity: self.configuration.severity(of: draft), status: status, at: draft.at, message: message,
            evidence: draft.evidence.text)
        return Conclusion(finding: finding, clause: draft.message, endedAfterNs: endedAfterNs)
    }

    private func endedAfterNs(_ draft: Draft, _ session: SessionSummary?) -> Int64? {
        guard case .end(let side, let within) = draft.consequence, let session,
            session.facts.endClass != .captureEnd, session.facts.endClass != .superseded,
            let ended = session.facts.ended
        else { return nil }
        let after = ended.nanoseconds(since: draft.at)
        guard after >= 0, after <= within ?? session.state.reactionNs, side == nil || session.facts.endedBy == side
        else { return nil }
        return after
    }
}
