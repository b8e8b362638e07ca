import TimelineModel

struct UpgradeLatePolling: SessionRule {
    static let page = RulePage(
        "upgrade-late-polling", .engineIO, .warning, sides: [.client],
        source: "Engine.IO protocol 4, Upgrade; engine.io lib/server.ts `verify`; engine.io#174",
        summary: "The client went on polling after the upgrade",
        finds: """
            A GET or POST of the polling transport that began after the `5` over the WebSocket, while the session was
            open. At any tap but the client's it must have begun more than a round trip after it.
            """,
        why: """
            Behind the `5` the server uses the WebSocket only and answers such a request with 400 and code 3; what was in
            a POST is lost.
            """,
        clientFix: """
            Stop polling and let the pending poll end before the `5` is sent; send everything else over the WebSocket.
            """,
        falseAlarms: """
            A poll begun before the `5`, also where its answer comes later, and CORS preflights. A request after the end of
            the session is `sid-reuse-after-close`.
            """)

    static let sees: Interest = .exchanges

    static let limit = 1024
    private var late: [(exchange: ExchangeFacts, afterNs: Int64)] = []

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        guard let upgrade = session.upgrade.upgrade, exchange.method == "GET" || exchange.method == "POST",
            RequestTarget(exchange.target).transport == "polling", self.late.count < Self.limit
        else { return }
        // Two connections of one client need not stay in step on the way to the tap.
        let allowed = session.tap == .client ? 0 : session.roundTripNs ?? 0
        let after = exchange.requested.nanoseconds(since: upgrade.at)
        if after > allowed { self.late.append((exchange, after)) }
    }

    func end(_ session: SessionState, _ report: inout Report) {
        guard let upgrade = session.upgrade.upgrade else { return }
        for (exchange, after) in self.late where exchange.requested < session.lastMoment {
            let refusal = exchange.status.flatMap { $0 >= 400 ? $0 : nil }
            report.add(
                "\(exchange.method) of the polling transport \(Phrase.duration(after)) after the upgrade"
                    + (refusal.map { "; answered \($0)" } ?? ""),
                at: exchange.requested, consequence: refusal == nil ? .none : .shown,
                evidence: Evidence(
                    frames: [upgrade.frameID],
                    [("after_upgrade_ms", .milliseconds(after)), ("exchange", .integer(exchange.id))]))
        }
    }
}
