import JSONText
import TimelineModel

struct StuckInPolling: SessionRule {
    static let life = Threshold("polling_s", 30, step: 1, "How long a session may poll where a WebSocket was offered.")

    static let page = RulePage(
        "stuck-in-polling", .http, .warning, sides: [.middlebox, .server, .client],
        source: """
            Engine.IO protocol 4, "Upgrade"; socket.io documentation, "Troubleshooting connection issues"
            """,
        summary: "The session stayed in polling although the server offered a WebSocket",
        finds: """
            A session whose open packet offers `websocket`, that polls for more than 30 s and never gets to the end of an
            upgrade. A warning where it tried and failed, a note where it did not try.
            """,
        why: """
            Polling costs a request for each message and its answer, more latency and more load. Where upgrades fail,
            something on the way does not let WebSockets through.
            """,
        clientFix: "Where it did not try: allow `websocket` among its transports, unless polling is what is wanted.",
        serverFix: "Where it tried and failed: see `upgrade-refused` and `upgrade-incomplete` for what the answer was.",
        falseAlarms: """
            A client that is told to poll only (`transports: ["polling"]`, `forcePolling`) looks like one that does not try:
            hence a note. An upgrade to WebTransport cannot be seen in TCP: sessions that were offered it are not judged.
            """,
        thresholds: [life])

    static let sees: Interest = .exchanges

    private let lifeNs: Int64
    private var attempts = 0
    private var lastPoll: Timestamp?

    init(_ settings: RuleSettings) {
        self.lifeNs = Int64(milliseconds: settings[Self.life] * 1000)
    }

    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        if exchange.method == "GET", RequestTarget(exchange.target).isWebSocket {
            self.attempts += 1
        } else if exchange.status == 200, let responded = exchange.responded {
            self.lastPoll = max(self.lastPoll ?? responded, responded)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let offered = (session.facts.upgrades ?? "").split(separator: ",")
        guard offered.contains("websocket"), !offered.contains("webtransport"), !session.isOnWebSocket,
            let lastPoll = self.lastPoll
        else { return }
        let opened = session.facts.opened
        let life = lastPoll.nanoseconds(since: opened)
        guard life > self.lifeNs else { return }
        let tries =
            self.attempts == 0
            ? "did not try to upgrade" : "failed to upgrade in \(Phrase.count(self.attempts, "attempt"))"
        report.add(
            "the session polled for \(Phrase.duration(life)) and \(tries), though a WebSocket was offered",
            at: lastPoll,
            severity: self.attempts == 0 ? .note : nil, consequence: .shown, over: opened...max(opened, lastPoll),
            isTimed: true,
            evidence: Evidence(
                frames: [], measuredNs: life, allowedNs: self.lifeNs, [("attempts", .integer(self.attempts))]))
    }
}
