import TimelineModel

struct UpgradeSidMismatch: CaptureRule {
    static let page = RulePage(
        "upgrade-sid-mismatch", .engineIO, .error, sides: [.client, .middlebox],
        source: "Engine.IO protocol 4, Upgrade; engine.io lib/server.ts `verify`: a sid is all that names a session",
        summary: "A WebSocket named the sid of another client, or one that was never issued",
        finds: """
            A request for a WebSocket with a `sid` that was issued to a client with another X-Forwarded-For address or,
            where no proxy names addresses, to one with both another address and another User-Agent; or with a `sid`
            that the server refused as unknown and that a capture of everything, running for more than 60 s, never saw
            issued.
            """,
        why: """
            The sid is the key of the session: whoever has it can take the session over. Where two clients share one,
            messages of one reach the other.
            """,
        clientFix: "Take the `sid` from the open packet of this very session; never keep or share it.",
        serverFix: "Keep caches from storing answers to handshakes: they hand one sid to many clients.",
        falseAlarms: """
            Behind a load balancer or with two networks at the client the address alone may change: it is not enough.
            Cookies are not looked at. A sid from before the capture is not judged.
            """,
        thresholds: [Self.settled])

    static let settled = Threshold(
        "settled_after_s", 60, step: 5, "How long the capture must have run to know every sid in use, in seconds.")

    private let settledNs: Int64

    init(_ settings: RuleSettings) {
        self.settledNs = Int64(milliseconds: settings[Self.settled] * 1000)
    }

    /// The connection on which each sid was issued, of the first so many sessions.
    private var issuers: [Int64: Int64] = [:]
    private static let limit = 65_536

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.isUpgradeOfSession else {
            if let id = exchange.sessionID, self.issuers[id] == nil, self.issuers.count < Self.limit {
                self.issuers[id] = exchange.connectionID
            }
            return
        }
        if let id = exchange.sessionID, let session = capture.sessions[id] {
            self.judge(exchange, of: session, capture, &report)
        } else {
            self.judgeUnknown(exchange, capture, &report)
        }
    }

    private func judge(
        _ exchange: ExchangeFacts, of session: SessionFacts, _ capture: CaptureState, _ report: inout Report
    ) {
        guard session.completeHead, self.isAnotherClient(exchange, session, capture) else { return }
        report.add(
            "a WebSocket was asked for with the sid of another client "
                + "(\(exchange.status.map { "answered \($0)" } ?? "not answered"))",
            at: exchange.requested, consequence: exchange.status == 101 ? .shown : .none,
            evidence: Evidence([("exchange", .integer(exchange.id))]), sessionID: session.id)
    }

    private func isAnotherClient(
        _ exchange: ExchangeFacts, _ session: SessionFacts, _ capture: CaptureState
    ) -> Bool {
        if let forwarded = exchange.forwardedFor, let issued = session.forwardedFor { return forwarded != issued }
        guard let agent = exchange.userAgent, let issuedTo = session.userAgent, agent != issuedTo,
            let address = capture.connections[exchange.connectionID]?.clientAddress,
            let issuer = self.issuers[session.id].flatMap({ capture.connections[$0]?.clientAddress })
        else { return false }
        return address != issuer
    }

    private func judgeUnknown(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard self.isRefusedAsUnknown(exchange), capture.facts.completeHead, capture.facts.droppedPackets == 0,
            let started = capture.facts.started,
            exchange.requested.nanoseconds(since: started) > self.settledNs
        else { return }
        report.add(
            "a WebSocket was asked for with a sid that was never issued", at: exchange.requested, consequence: .shown,
            evidence: Evidence([("exchange", .integer(exchange.id))]))
    }

    private func isRefusedAsUnknown(_ exchange: ExchangeFacts) -> Bool {
        guard exchange.status == 400 else { return false }
        let body = exchange.errorBody ?? ""
        return exchange.errorCode == 1 || body.contains("Session ID unknown") || body.contains("Invalid session")
    }
}
