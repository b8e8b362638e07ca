import TimelineModel

struct UpgradeDuplicateWebSocket: SessionRule {
    static let page = RulePage(
        "upgrade-duplicate-websocket", .engineIO, .warning, sides: [.client, .middlebox],
        source: """
            Engine.IO protocol 4, Upgrade, and its test suite ("ignores a WebSocket connection with the same sid after
            upgrade"); engine.io lib/server.ts `onWebSocket`
            """,
        summary: "A second WebSocket was opened for one session",
        finds: """
            A request for a WebSocket with the session's `sid` that was answered 101 while the session already had one: of
            an earlier upgrade, or that on which it began.
            """,
        why: "Node's server accepts it and closes it at once. What the client sends on it is lost.",
        clientFix: "Probe once a session. To reconnect, begin a new session without a `sid`.",
        serverFix: "Keep proxies from trying a WebSocket request again.",
        falseAlarms: """
            A further attempt after the first WebSocket was closed is right. Not judged where the capture misses the
            beginning or bytes of the session.
            """)

    static let sees: Interest = .exchanges

    init(_ settings: RuleSettings) {}

    func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        guard exchange.status == 101, exchange.isUpgradeOfSession, let answered = exchange.answered else { return }
        // The session's state holds this request already.
        let hasOther =
            session.facts.transports.first == .websocket
            || session.upgrade.sockets.contains {
                $0.exchangeID != exchange.id && $0.requested <= exchange.requested
                    && ($0.closed.map { $0 > exchange.requested } ?? true)
            }
        guard hasOther else { return }
        let life = session.upgrade.sockets.last { $0.exchangeID == exchange.id }?.closed?.nanoseconds(since: answered)
        let isRefused = life.map { $0 <= session.reactionNs } ?? false
        report.add(
            "a second WebSocket was opened for the session"
                + (isRefused ? "; it was closed \(Phrase.later(life ?? 0))" : ""),
            at: exchange.requested, consequence: isRefused ? .shown : .none,
            over: min(session.facts.opened, answered)...answered,
            evidence: Evidence([("exchange", .integer(exchange.id))]))
    }
}
