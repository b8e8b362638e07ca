import TimelineModel

/// What may have ended a session: the findings in it that somebody closes for, tried against the times of the end.
struct Candidates {
    let session: SessionSummary
    /// Findings of the session, in time order.
    let conclusions: [Conclusion]
    let server: ServerProfile

    private var facts: SessionFacts { self.session.facts }
    private var state: SessionState { self.session.state }

    /// Faults whose findings do not predict an end and that end a session all the same, with the side that ends it then.
    private static let shownEnders: [String: Sender?] = [
        "middlebox-idle-timeout": nil, "sid-unknown": nil, "http-text-inside-websocket": nil, "poll-overlap": .server,
        "poll-aborted": .server, "connect-refused-auth": .client, "namespace-rejected": .client,
    ]

    /// The cause; nil where no finding explains the end.
    var cause: Diagnosis.Cause? {
        guard let ended = self.facts.ended, !self.isServersGoodbye(ended) else { return nil }
        // The last fault before the end is the one that ended it; one with a known reaction goes before the rest.
        let enders = self.conclusions.filter { $0.finding.severity > .note && self.explains($0, ended) }
        let ranked = enders.max { (self.rank($0.finding), $0.finding.at) < (self.rank($1.finding), $1.finding.at) }
        return ranked.map { self.cause($0, ended: ended) }
    }

    private func explains(_ conclusion: Conclusion, _ ended: Timestamp) -> Bool {
        if conclusion.endedAfterNs != nil { return true }
        let finding = conclusion.finding
        guard let side = Self.shownEnders[finding.rule], side == nil || side == self.facts.endedBy else { return false }
        let delay = ended.nanoseconds(since: finding.at)
        switch finding.rule {
        case "middlebox-idle-timeout": return true
        // A client that was let into another namespace has no reason to go.
        case "connect-refused-auth", "namespace-rejected":
            return self.state.namespaces.accepted == 0 && (0...self.state.reactionNs).contains(delay)
        default: return delay.magnitude <= self.state.reactionNs.magnitude
        }
    }

    /// A server that says DISCONNECT before it closes wanted the end.
    private func isServersGoodbye(_ ended: Timestamp) -> Bool {
        self.facts.endedBy == .server
            && self.state.recent.all.contains { frame in
                frame.sender == .server && frame.socketIOType == .disconnect && frame.at <= ended
                    && ended.nanoseconds(since: frame.at) <= self.state.reactionNs
            }
    }

    private func rank(_ finding: Finding) -> Int {
        switch self.reaction(on: finding.rule) {
        case .closes: 3
        case .closesLater: 2
        case .ignores: 0
        case nil: 1
        }
    }

    /// What this server does on a fault; what Node does where its kind is not known, for most others follow it.
    ///
    /// Nil where the client ended it: what servers do says nothing of clients.
    private func reaction(on rule: String) -> Reaction? {
        guard self.facts.endedBy != .client else { return nil }
        let reactions = Reactions.table[rule]
        return reactions?[self.server.kind] ?? reactions?[.node]
    }

    private func cause(_ conclusion: Conclusion, ended: Timestamp) -> Diagnosis.Cause {
        let finding = conclusion.finding
        let delay = max(0, ended.nanoseconds(since: finding.at))
        var basis: [String] = []
        var confidence = Diagnosis.Confidence.certain
        switch self.reaction(on: finding.rule) {
        case .closes where delay <= max(50_000_000, 3 * (self.state.roundTripNs ?? 0)):
            basis.append("the end follows it within \(Phrase.duration(delay))")
        case .closes:
            confidence = .likely
            basis.append("the end follows it, though only after \(Phrase.duration(delay))")
        case .closesLater(let after, _):
            basis.append("the server closed \(after)")
        case .ignores:
            confidence = .possible
            basis.append("\(self.server.kind.name) is known to pass this over, so something else may have ended it")
        case nil:
            if conclusion.endedAfterNs == nil { confidence = .likely }
            basis.append("the end follows it after \(Phrase.duration(delay))")
        }
        let isByServer = self.facts.endedBy != .client
        if isByServer, self.server.kind != .unknown, Reactions.table[finding.rule]?[self.server.kind] != nil,
            confidence == .certain
        {
            basis.append("\(self.server.kind.name) ends sessions for it")
        } else if isByServer, self.server.kind == .unknown, confidence == .certain, Reactions.table[finding.rule] != nil
        {
            basis.append("Node engine.io and its ports end sessions for it")
        }
        if self.facts.holes > 0 {
            confidence = min(confidence, .likely)
            basis.append("the capture misses bytes of the session")
        }
        return Diagnosis.Cause(
            rule: finding.rule, frameID: finding.frameID, delayNs: delay, text: conclusion.clause,
            confidence: confidence, basis: basis, isAbsence: Self.absences.contains(finding.rule))
    }

    /// Faults that no frame shows.
    private static let absences: Set<String> = [
        "pong-missing", "server-ping-missed", "eio3-client-ping-missing", "eio3-pong-missing", "connect-missing",
        "open-missing", "upgrade-incomplete", "middlebox-idle-timeout",
    ]

    // MARK: What it was not

    /// The usual suspects for an end of this kind, each with the number that speaks against it.
    func ruledOut(_ cause: Diagnosis.Cause?) -> [Diagnosis.RuledOut] {
        guard let ended = self.facts.ended else { return [] }
        let suspects: [(String, String?)] =
            switch self.facts.endedBy {
            case .server:
                [
                    ("eio4-client-ping", self.againstClientPing(ended)), ("pong-missing", self.againstPong(ended)),
                    ("connect-missing", self.againstConnect(ended)), ("message-too-big", self.againstSize),
                ]
            case .client: [("server-ping-missed", self.againstServerPing(ended))]
            case nil: []
            }
        let silence = self.facts.endClass == .fin || self.facts.endClass == .rst ? self.againstIdle(ended) : nil
        return (suspects + [("middlebox-idle-timeout", silence)]).compactMap { rule, reason in
            guard rule != cause?.rule, let reason else { return nil }
            return Diagnosis.RuledOut(rule: rule, reason: reason)
        }
    }

    private func againstClientPing(_ ended: Timestamp) -> String? {
        guard self.state.isEngineIO4, self.facts.completeHead else { return nil }
        let last = self.conclusions.last { $0.finding.rule == "eio4-client-ping" }?.finding
        guard let last else { return "the client sent no ping" }
        let before = ended.nanoseconds(since: last.at)
        guard before > self.state.reactionNs else { return nil }
        return "the client's last ping came \(Phrase.duration(before)) before the end"
    }

    private func againstPong(_ ended: Timestamp) -> String? {
        guard self.state.isEngineIO4, let timeout = self.state.pingTimeoutNs else { return nil }
        if let waiting = self.state.heartbeat.outstanding {
            let before = ended.nanoseconds(since: waiting.at)
            guard before < timeout - self.state.slackNs else { return nil }
            return "the server's last ping came only \(Phrase.duration(before)) before the end, and pingTimeout is "
                + Phrase.duration(timeout)
        }
        guard let ping = self.state.heartbeat.lastPing, let pong = self.state.heartbeat.lastPong, pong.at >= ping.at
        else { return self.facts.completeHead ? "the server had sent no ping" : nil }
        return "the server's last ping was answered after \(Phrase.duration(pong.at.nanoseconds(since: ping.at)))"
    }

    private func againstConnect(_ ended: Timestamp) -> String? {
        guard self.state.isSocketIO, self.state.isEngineIO4, self.facts.completeHead else { return nil }
        for attempt in self.state.connects.all {
            guard case .accepted(let mark) = attempt.outcome else { continue }
            let after = mark.at.nanoseconds(since: self.facts.opened)
            return "namespace \(Phrase.quoted(attempt.namespace)) was accepted \(Phrase.duration(after)) after the open"
        }
        let life = ended.nanoseconds(since: self.facts.opened)
        guard life < 40_000_000_000 else { return nil }
        return "the session lived \(Phrase.duration(life)), and connectTimeout is 45 s"
    }

    private var againstSize: String? {
        // Far from the limit it is no suspect.
        guard let limit = self.facts.maxPayload, self.state.largestFromClient <= limit,
            self.state.largestFromClient > limit / 2 || self.facts.closeCode == 1009
        else { return nil }
        return
            "the client's biggest message had \(Phrase.count(self.state.largestFromClient, "byte")), and maxPayload is "
            + "\(limit)"
    }

    private func againstServerPing(_ ended: Timestamp) -> String? {
        guard self.state.isEngineIO4, self.facts.completeHead, let interval = self.state.pingIntervalNs,
            let timeout = self.state.pingTimeoutNs
        else { return nil }
        let last = self.state.heartbeat.lastPing?.at
        let quiet = ended.nanoseconds(since: last ?? self.facts.opened)
        guard quiet < interval + timeout - self.state.slackNs else { return nil }
        let what =
            last == nil
            ? "it ended \(Phrase.duration(quiet)) after the open"
            : "the server's last ping came "
                + "\(Phrase.duration(quiet)) before the end"
        return "\(what), and a client waits pingInterval + pingTimeout = \(Phrase.duration(interval + timeout))"
    }

    private func againstIdle(_ ended: Timestamp) -> String? {
        let last = [self.state.lastFromClient?.at, self.state.lastFromServer?.at].compactMap { $0 }.max()
        guard let last else { return nil }
        let quiet = ended.nanoseconds(since: last)
        guard quiet < 28_000_000_000 else { return nil }
        return "the last bytes crossed \(Phrase.duration(max(0, quiet))) before the end"
    }
}

extension Diagnosis.Confidence: Comparable {
    private var rank: Int {
        switch self {
        case .possible: 0
        case .likely: 1
        case .certain: 2
        }
    }

    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
}
