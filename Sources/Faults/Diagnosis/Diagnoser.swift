import TimelineModel

/// Finds the cause behind each end, and tells equal ones once.
public struct Diagnoser: Sendable {
    private let outcome: Analysis.Outcome
    private let given: ServerKind?
    private let conclusions: [Int64: [Conclusion]]
    private let stops: ServerStops

    /// - Parameter server: what the user says the server is; nil to go by what it shows on the wire.
    public init(_ outcome: Analysis.Outcome, server: ServerKind? = nil) {
        self.outcome = outcome
        self.given = server
        self.stops = ServerStops(outcome.sessions)
        let ofSessions = outcome.conclusions.filter { $0.finding.sessionID != nil }
        self.conclusions = Dictionary(grouping: ofSessions) { $0.finding.sessionID ?? 0 }
    }

    /// In the order of the first session of each; sessions that had not ended are left out.
    ///
    /// - Parameter wanted: only these; all where it is empty.
    public func diagnoses(sessions wanted: [Int64] = []) -> [Diagnosis] {
        let ended = self.outcome.sessions.filter { summary in
            summary.facts.endClass != nil && summary.facts.endClass != .captureEnd
                && (wanted.isEmpty || wanted.contains(summary.facts.id))
        }
        var order: [Key] = []
        var groups: [Key: [(SessionSummary, Diagnosis)]] = [:]
        for summary in ended {
            let diagnosis = self.diagnose(summary)
            let key = Key(diagnosis, lineage: summary.facts.lineage)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append((summary, diagnosis))
        }
        return order.compactMap { groups[$0].flatMap(Self.merged) }
    }

    /// What was found in a session that had not ended: a client that waits for ever, for one, shows only there.
    public func faults(ofRunning session: Int64) -> [Diagnosis.OtherFault] {
        self.others((self.conclusions[session] ?? []).map(\.finding), cause: nil)
    }

    /// Ends that are told together.
    private struct Key: Hashable {
        var endClass: EndClass?
        var endedBy: Sender?
        var code: UInt16?
        var rule: String?
        var isClean: Bool
        var lineage: Int64?

        init(_ diagnosis: Diagnosis, lineage: Int64) {
            let facts = diagnosis.sessions.first
            self.endClass = facts?.endClass
            self.endedBy = facts?.endedBy
            self.code = facts?.closeCode
            self.rule = diagnosis.cause?.rule
            self.isClean = diagnosis.isClean
            // Clean ends of many clients are one line, and so is a server that was stopped.
            self.lineage = diagnosis.isClean || diagnosis.cause?.isOfServer == true ? nil : lineage
        }
    }

    private static func merged(_ members: [(SessionSummary, Diagnosis)]) -> Diagnosis? {
        guard var first = members.first?.1 else { return nil }
        first.sessions = members.map { $0.0.facts }
        var others: [String: Diagnosis.OtherFault] = [:]
        for other in members.flatMap({ $0.1.others }) {
            others[other.rule, default: other].count += others[other.rule] == nil ? 0 : other.count
        }
        first.others = others.values.sorted { ($1.severity, $0.rule) < ($0.severity, $1.rule) }
        if let weakest = members.compactMap({ $0.1.cause?.confidence }).min() { first.cause?.confidence = weakest }
        return first
    }

    // MARK: One session

    private func diagnose(_ summary: SessionSummary) -> Diagnosis {
        let conclusions = self.conclusions[summary.facts.id] ?? []
        let server = ServerProfile(summary.state.server, given: self.given)
        let candidates = Candidates(session: summary, conclusions: conclusions, server: server)
        let ending = WireEnding(session: summary)
        let found = candidates.cause
        let known = found ?? self.endWithoutFault(summary, ending)
        let isClean = found == nil && self.isClean(summary, ending)
        let page = found?.rule.flatMap(Catalogue.page)
        return Diagnosis(
            sessions: [summary.facts], ending: ending.text, isClean: isClean,
            saysGoodbye: ending.hasGoodbye, cause: known,
            ruledOut: isClean ? [] : candidates.ruledOut(known),
            clientReports: ending.clientReports(found), serverReports: ending.serverReports(found, server.kind),
            clientFix: page?.clientFix, serverFix: page?.serverFix, server: server,
            others: self.others(conclusions.map(\.finding), cause: found))
    }

    /// A side that says goodbye, or that just closes and nothing was wrong.
    private func isClean(_ summary: SessionSummary, _ ending: WireEnding) -> Bool {
        switch summary.facts.endClass {
        case .webSocketClose, .engineIOClose:
            if ending.hasClientDisconnect || ending.hasServerDisconnect { return true }
            // Browsers and libraries close with 1000, 1001 or nothing when their user leaves.
            return summary.facts.endedBy == .client && [nil, 1000, 1001].contains(summary.facts.closeCode)
        default: return false
        }
    }

    /// What is left to say where no fault explains the end.
    private func endWithoutFault(_ summary: SessionSummary, _ ending: WireEnding) -> Diagnosis.Cause? {
        let delay: Int64 = 0
        if self.isClean(summary, ending) {
            let who = ending.hasServerDisconnect && summary.facts.endedBy == .server ? "the server" : "the client"
            return Diagnosis.Cause(
                rule: nil, frameID: nil, delayNs: delay, text: "\(who) left as it should", confidence: .certain,
                basis: [])
        }
        if summary.facts.endClass == .superseded {
            return Diagnosis.Cause(
                rule: nil, frameID: nil, delayNs: delay, text: "the client gave it up", confidence: .likely, basis: [])
        }
        if let together = self.endedTogether(summary) { return together }
        let text: String? =
            switch (summary.facts.endClass, summary.facts.endedBy) {
            case (.fin, let side?), (.rst, let side?):
                "the \(side.rawValue)'s process ended, or something between cut the connection"
            case (.webSocketClose, .server?), (.engineIOClose, .server?):
                "the server's application ended it (`disconnect(true)`, `close()`)"
            default: nil
            }
        return text.map {
            Diagnosis.Cause(
                rule: nil, frameID: nil, delayNs: delay, text: $0, confidence: .possible,
                basis: ["no frame before explains the end"])
        }
    }

    /// Several sessions that the server ended at once: it was stopped.
    private func endedTogether(_ summary: SessionSummary) -> Diagnosis.Cause? {
        let others = self.stops.others(than: summary.facts)
        guard others > 0 else { return nil }
        return Diagnosis.Cause(
            rule: nil, frameID: nil, delayNs: 0, text: "the server was stopped or restarted", confidence: .likely,
            basis: ["it ended \(Phrase.count(others + 1, "session")) of different clients within a second"],
            isOfServer: true)
    }

    /// What only says in other words how a session ended, which the paragraph tells itself.
    private static let symptoms: Set<String> = [
        "flap-periodic", "ws-fin-without-close", "tcp-reset-midsession", "sid-reuse-after-close", "session-too-short",
    ]

    private func others(_ findings: [Finding], cause: Diagnosis.Cause?) -> [Diagnosis.OtherFault] {
        var faults: [String: Diagnosis.OtherFault] = [:]
        for finding in findings
        where finding.severity > .note && finding.rule != cause?.rule && !Self.symptoms.contains(finding.rule) {
            if faults[finding.rule] == nil {
                faults[finding.rule] = Diagnosis.OtherFault(
                    rule: finding.rule, severity: finding.severity, count: 0, message: finding.message,
                    elsewhere: finding.status == .latent ? Reactions.elsewhere(finding.rule) : nil)
            }
            faults[finding.rule]?.count += 1
        }
        return faults.values.sorted { ($1.severity, $0.rule) < ($0.severity, $1.rule) }
    }
}
