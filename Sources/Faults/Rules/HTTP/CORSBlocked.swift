import TimelineModel

struct CORSBlocked: SessionRule {
    static let patience = Threshold(
        "patience_ms", 5000, step: 100, "How long a browser takes at most to use the sid it may read, in milliseconds.")

    static let page = RulePage(
        "cors-blocked", .http, .warning, sides: [.server],
        source: """
            Fetch standard, "CORS check"; socket.io documentation, "Handling CORS"; python-socketio,
            `cors_allowed_origins`
            """,
        summary: "The browser was not allowed to read the handshake's answer",
        finds: """
            A handshake by polling of a browser (its User-Agent begins with `Mozilla/`) with an `Origin` that is not the
            server's own, answered 200 without `Access-Control-Allow-Origin`, whose `sid` is not used in the 5 s after.
            """,
        why: """
            The server made a session, but the browser keeps the answer from the page: "blocked by CORS policy" in its
            console. The page tries again and again, and the server fills with sessions that nobody uses.
            """,
        clientFix: "Load the page from the server's own origin, or let the way there go through the page's server.",
        serverFix: """
            Name the page's origin: `cors: { origin: "https://…" }` (Node), `cors_allowed_origins` (Python). With
            credentials `*` is not enough.
            """,
        falseAlarms: """
            Clients that are not browsers send an Origin too and do not care. A page that was left right away uses no
            `sid` either: a warning, and only where the capture goes on for 5 s.
            """,
        thresholds: [patience])

    static let sees: Interest = .exchanges

    private let patienceNs: Int64
    private var handshake: ExchangeFacts?
    private var isUsed = false

    init(_ settings: RuleSettings) {
        self.patienceNs = settings.nanoseconds(Self.patience)
    }

    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        guard exchange.method == "GET" || exchange.method == "POST" else { return }
        if self.handshake == nil, RequestTarget(exchange.target).sid == nil {
            self.handshake = exchange
        } else {
            self.isUsed = true
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        guard let handshake, handshake.status == 200, handshake.allowOrigin == nil, !self.isUsed,
            let origin = handshake.origin, handshake.userAgent?.hasPrefix("Mozilla/") == true,
            session.firstFromClient == nil, let host = session.facts.host, Self.host(of: origin) != host.lowercased(),
            let responded = handshake.responded
        else { return }
        let waited = session.seenUntil.nanoseconds(since: responded)
        guard waited > self.patienceNs else { return }
        report.add(
            "the answer to a handshake from another origin has no Access-Control-Allow-Origin, and its sid was never used",
            at: responded, consequence: .shown,
            over: ClosedRange(between: handshake.requested, and: max(responded, session.seenUntil)),
            isTimed: true,
            evidence: Evidence(
                frames: [], measuredNs: waited, allowedNs: self.patienceNs,
                [("exchange", .integer(handshake.id)), ("origin", .string(origin))]))
    }

    /// Host and port of an origin, as a Host header has them.
    private static func host(of origin: String) -> String {
        let parts = origin.lowercased().split(separator: "/", omittingEmptySubsequences: true)
        return parts.count == 2 ? String(parts[1]) : origin.lowercased()
    }
}
