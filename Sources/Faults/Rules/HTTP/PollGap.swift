import TimelineModel

struct PollGap: SessionRule {
    static let longest = Threshold(
        "longest_gap_ms", 2000, step: 100, "How long an open session that polls may be without a poll.")

    static let page = RulePage(
        "poll-gap", .http, .warning, sides: [.client],
        source: """
            Engine.IO protocol 4, "HTTP long-polling"; engine.io lib/transports/polling.ts (packets wait for a poll)
            """,
        summary: "The client left the session without a poll for a while",
        finds: """
            In a session that polls, more than 2 s and more than five round trips between the end of the last request of any
            kind, which was answered with 200, and the next request, with no upgrade under way and no `close` before.
            """,
        why: """
            Without a waiting GET the server can send nothing: messages are late, and so are its pings, while the time in
            which it wants a pong runs on. A long gap ends the session.
            """,
        clientFix:
            "Begin the next GET as soon as the last is answered, from a task that no work of the application can block.",
        serverFix: "Nothing.",
        falseAlarms: """
            A post that takes long on the one connection, and a WebSocket that is being tried, are times in which the client
            works. A host that slept makes it a note.
            """,
        thresholds: [longest])

    static let sees: Interest = [.exchanges, .engineIOClose]

    private let longestNs: Int64
    /// When the last request was over, and none was under way; nil where that is not known.
    private var idleSince: Timestamp?
    /// The session ended, or a request without an answer may be under way for ever.
    private var isOver = false

    init(_ settings: RuleSettings) {
        self.longestNs = settings.nanoseconds(Self.longest)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        self.isOver = true
    }

    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        guard exchange.method != "OPTIONS" else { return }
        self.judge(exchange, session, &report)
        guard let responded = exchange.responded else {
            self.isOver = true
            return
        }
        // Behind the answer to an upgrade the WebSocket is being tried; behind a refusal nothing is owed.
        let isUpgrade = RequestTarget(exchange.target).isWebSocket && exchange.status != 101
        self.idleSince = exchange.status == 200 || isUpgrade ? max(self.idleSince ?? responded, responded) : nil
    }

    private func judge(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        let now = exchange.requested
        guard let idle = self.idleSince, idle < now, !self.isOver, !session.isOnWebSocket, !session.upgrade.isUnderway
        else { return }
        let gap = now.nanoseconds(since: idle)
        let allowed = max(self.longestNs, 5 * (session.roundTripNs ?? 0))
        guard gap > allowed else { return }
        report.add(
            "no poll for \(Phrase.duration(gap)) in a session that polls", at: idle, consequence: .shown,
            over: ClosedRange(between: idle, and: now), isTimed: true,
            evidence: Evidence(
                frames: [], measuredNs: gap, allowedNs: allowed, [("next_exchange", .integer(exchange.id))]))
    }
}
