import TimelineModel

struct UnknownSid: CaptureRule {
    static let page = RulePage(
        "sid-unknown", .http, .error, sides: [.server, .middlebox],
        source: """
            Engine.IO protocol 4, "HTTP long-polling"; engine.io lib/server.ts `verify` (code 1); python-engineio server.py;
            socketio/socket.io-sticky#2, socketio/socket.io#1739, #1982, #4433, #4881; wasp-lang/wasp#2040
            """,
        summary: "The server does not know a session that it had issued and that had not ended",
        finds: """
            A request with a `sid` that this capture saw issued, refused with 400 and code 1, "Session ID unknown" or
            "Invalid session", while the session had neither been closed nor run into its timeout. A note for a `sid` that
            was issued before the capture or elsewhere. One finding a session.
            """,
        why: """
            The request reached a process that did not issue the `sid`: behind a load balancer without sticky sessions,
            with several workers on one port, or after a restart. The client has to begin anew, and what was under way is
            lost. Where other requests of the session were answered over another connection, the balancer is the likely
            cause.
            """,
        clientFix:
            "Where the server cannot be changed use `transports: [\"websocket\"]`: one connection reaches one process.",
        serverFix: """
            Make the balancer send all requests of a client to one process (by cookie or address), also between the
            workers of a cluster. An adapter for several nodes passes events on and does not replace that.
            """,
        falseAlarms: """
            A session that was closed or timed out before is `sid-reuse-after-close`. The times that a server allows are
            taken from its open packet.
            """)

    private var refusals = SidRefusals()
    private var strangers = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        self.refusals.see(exchange)
        guard exchange.sessionID == nil, Refusal(exchange) == .unknownSid else { return }
        let target = RequestTarget(exchange.target)
        guard let sid = target.sid else { return }
        self.strangers.add(exchange, path: target.path, kind: sid, capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for summary in sessions {
            guard let record = self.refusals.bySession[summary.facts.id] else { continue }
            let unknown = record.refused.filter {
                $0.isUnknownSid && record.end(of: summary, before: $0.requested) == nil
            }
            guard let first = unknown.first else { continue }
            self.report(first, unknown.count, record, summary, &report)
        }
        for group in self.strangers.all {
            report.add(
                "the server does not know the sid of a request, and this capture did not see it issued\(group.times)",
                at: group.at, severity: .note, consequence: .shown, evidence: group.evidence())
        }
    }

    private func report(
        _ first: SidRefusals.Refused, _ count: Int, _ record: SidRefusals.Record, _ summary: SessionSummary,
        _ report: inout Report
    ) {
        let facts = summary.facts
        let isElsewhere = record.hasAnsweredElsewhere(than: first.connectionID)
        let age = Phrase.duration(first.requested.nanoseconds(since: facts.opened))
        var message =
            facts.completeHead
            ? "the server refused a sid that it issued \(age) before and that had not ended"
            : "the server refused a sid that was issued before the capture"
        if count > 1 { message += ", \(count) times" }
        if isElsewhere {
            message +=
                "; others were answered over another connection: sticky sessions are missing, or it was restarted"
        }
        report.add(
            message, at: first.at, severity: facts.completeHead ? nil : .note, consequence: .shown,
            // An end that the capture misses would explain it.
            over: facts.completeHead ? facts.opened...max(facts.opened, first.requested) : nil,
            evidence: Evidence(
                [
                    ("exchange", .integer(first.exchangeID)), ("count", .integer(count)),
                    ("class", isElsewhere ? .string("no-sticky-session") : .null),
                ]),
            sessionID: facts.id)
    }
}
