import TimelineModel

struct PollOverlap: CaptureRule {
    static let page = RulePage(
        "poll-overlap", .http, .error, sides: [.client, .middlebox],
        source: """
            Engine.IO protocol 4, "HTTP long-polling"; engine.io lib/transports/polling.ts `onPollRequest`, `onDataRequest`
            ("overlap from client"); socketio/engine.io#166, #352, #363, #650; socketio/engine.io-client#134
            """,
        summary: "Two polls, or two posts, of one session were under way at once",
        finds: """
            A GET (or a POST) with a `sid` whose first byte comes before the last byte of the answer to another GET (POST) of
            the session. Where the earlier one was never answered, it counts only if its connection was still open and the
            second one was refused. One finding a session and method.
            """,
        why: """
            A session has one poll and one post at a time. Node's server refuses the second with 400, ends the first with a
            `close` packet and closes the session; python-engineio may let it pass or refuse it.
            """,
        clientFix:
            "Begin the next GET when the answer to the last is complete; keep posts in a queue. Guard it against two threads.",
        serverFix: "Nothing; look whether a proxy in between sends requests twice.",
        falseAlarms: """
            Browsers and proxies repeat a GET whose connection died unanswered. The same URL with the same cache-buster `t`
            twice, of which none was refused, is such a repetition. A capture may show packets of two connections in
            another order than they had: 3 ms of overlap on two of them count only where the second one was refused at once.
            """)

    static let telling = Telling.atTheEnd

    /// Captures may show packets so much out of order; the same bound as Wireshark's.
    private static let reorderingNs: Int64 = 3_000_000

    /// What is kept of a request: one for each session that polls.
    private struct Request {
        let id: Int64
        let connectionID: Int64
        let target: String
        let requested: Timestamp
        let responded: Timestamp?
        /// The status, where it is 400 to 499.
        let refusal: Int?

        init(_ exchange: ExchangeFacts) {
            self.id = exchange.id
            self.connectionID = exchange.connectionID
            self.target = exchange.target
            self.requested = exchange.requested
            self.responded = exchange.responded
            self.refusal = exchange.status.flatMap { (400..<500).contains($0) ? $0 : nil }
        }
    }

    private struct Overlap {
        var first: Request
        var second: Request
        var count = 1
    }

    private struct Key: Hashable {
        var sessionID: Int64
        var method: String
    }

    private var last: [Key: Request] = [:]
    private var found: [Key: Overlap] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard let id = exchange.sessionID, exchange.method == "GET" || exchange.method == "POST" else { return }
        let target = RequestTarget(exchange.target)
        guard target.sid != nil, !target.isWebSocket, exchange.upgrade == nil else { return }
        let key = Key(sessionID: id, method: exchange.method)
        let second = Request(exchange)
        guard let first = self.last[key] else {
            self.last[key] = second
            return
        }
        if self.overlap(first, second, hasCause: Refusal(exchange) != nil, target, capture) {
            if self.found[key] == nil {
                self.found[key] = Overlap(first: first, second: second)
            } else {
                self.found[key]?.count += 1
            }
        }
        // Of two at once the one that is answered last may overlap the next one too.
        let isLonger = (first.responded ?? .zero) > (exchange.responded ?? first.responded ?? .zero)
        if !isLonger { self.last[key] = second }
    }

    private func overlap(
        _ first: Request, _ second: Request, hasCause: Bool, _ target: RequestTarget, _ capture: CaptureState
    ) -> Bool {
        guard let responded = first.responded else {
            let closed = capture.connections[first.connectionID]?.closed
            return second.refusal != nil && !hasCause && first.connectionID != second.connectionID
                && closed.map { $0 > second.requested } ?? true
        }
        let overlapNs = responded.nanoseconds(since: second.requested)
        guard overlapNs > 0 else { return false }
        if first.connectionID != second.connectionID, overlapNs <= Self.reorderingNs {
            // A server refuses the second of two as it comes.
            let isRefusedAtOnce =
                second.responded.map { $0.nanoseconds(since: responded) <= Self.reorderingNs } ?? false
            guard second.refusal != nil, isRefusedAtOnce else { return false }
        }
        let isRepeated = target.cacheBuster != nil && first.target == second.target
        return second.refusal != nil || !isRepeated
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for (key, overlap) in self.found.sorted(by: { $0.value.second.requested < $1.value.second.requested }) {
            let (first, second) = (overlap.first, overlap.second)
            let by = first.responded.map { " \(Phrase.duration($0.nanoseconds(since: second.requested)))" } ?? ""
            report.add(
                "two \(key.method)s of the session at once: the second began\(by) before the first was answered"
                    + (second.refusal.map { " and was refused with \($0)" } ?? "")
                    + (overlap.count > 1 ? ", \(overlap.count) times" : ""),
                at: second.requested, consequence: second.refusal != nil ? .shown : .end(by: .server),
                over: ClosedRange(between: first.requested, and: second.requested),
                evidence: Evidence([
                    ("exchanges", .array([.integer(first.id), .integer(second.id)])),
                    ("count", .integer(overlap.count)),
                ]),
                sessionID: key.sessionID)
        }
    }
}
