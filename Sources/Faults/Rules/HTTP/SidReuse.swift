import TimelineModel

struct SidReuse: CaptureRule {
    static let grace = Threshold(
        "grace_ms", 200, step: 10, "How soon after the end a request counts as under way, in milliseconds.")

    static let page = RulePage(
        "sid-reuse-after-close", .http, .warning, sides: [.client],
        source: """
            Engine.IO protocol 4, "HTTP long-polling"; engine.io lib/server.ts `verify` (code 1);
            socketio/socket.io-client-swift#731
            """,
        summary: "The client went on using a session that had ended",
        finds: """
            A request with a `sid` that is refused (400 to 499, but for 413) and began more than 200 ms and one round trip
            after the session had ended: by a close of either side, by the end of the connection that carried it, or because
            no pong came within the server's pingInterval + pingTimeout. One finding a session.
            """,
        why: """
            A session that is over stays over. A client that comes back from sleep or overlooks a close and polls on loses
            time until it begins a new one; whatever it posts meanwhile is lost.
            """,
        clientFix: """
            On resume, and after any end of a session, start with a new handshake without `sid`, and send again what was not
            acknowledged.
            """,
        serverFix: "Nothing; a longer pingTimeout lets clients sleep longer.",
        falseAlarms: """
            A GET and a POST that were under way when the session ended. A `sid` that had not ended is `sid-unknown`.
            """,
        thresholds: [grace])

    private let graceNs: Int64
    private var refusals = SidRefusals()

    init(_ settings: RuleSettings) {
        self.graceNs = settings.nanoseconds(Self.grace)
    }

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        self.refusals.see(exchange)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for summary in sessions {
            guard let record = self.refusals.bySession[summary.facts.id] else { continue }
            let graceNs = max(self.graceNs, summary.state.roundTripNs ?? 0)
            let late = record.refused.compactMap { refused in
                record.end(of: summary, before: refused.requested).map { (refused, $0) }
            }
            .filter { $0.0.requested.nanoseconds(since: $0.1) > graceNs }
            guard let (first, ended) = late.first else { continue }
            let after = first.requested.nanoseconds(since: ended)
            report.add(
                "\(Phrase.count(late.count, "request")) with the sid of a session that had ended "
                    + "\(Phrase.duration(after)) before",
                at: first.requested, consequence: .shown, over: min(ended, first.requested)...first.requested,
                isTimed: true,
                evidence: Evidence(
                    frames: [], measuredNs: after, allowedNs: graceNs,
                    [("exchange", .integer(first.exchangeID)), ("count", .integer(late.count))]),
                sessionID: summary.facts.id)
        }
    }
}
