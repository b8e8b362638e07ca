import TimelineModel

struct PollAborted: CaptureRule {
    static let page = RulePage(
        "poll-aborted", .http, .error, sides: [.client, .middlebox],
        source: """
            Engine.IO protocol 4, "HTTP long-polling"; engine.io lib/transports/polling.ts `onPollRequest` ("poll
            connection closed prematurely"); socketio/engine.io#68, zishang520/engine.io#24
            """,
        summary: "A poll was cut off from the client's side and the session was used on",
        finds: """
            A GET with a `sid` whose connection the client's side closed before any answer, while the session was open
            and had not been upgraded, and after which another request with the same `sid` came. One finding a session.
            """,
        why: """
            Node's server takes a poll that is cut off for the end of its client and destroys the session; the next
            request gets 400 with code 1. What was waiting in the session is lost.
            """,
        clientFix: """
            Do not put a timeout on the poll that is shorter than pingInterval: an answer may take that long. After a
            poll that failed begin a new session.
            """,
        serverFix: """
            Set the read timeout of proxies above pingInterval (nginx `proxy_read_timeout`), or lower pingInterval below
            it.
            """,
        falseAlarms: """
            A page that is left, or a client that ends, cuts off its poll as well: nothing comes after it then, and it
            is not a finding. Nor is a poll that ends with the session or with its upgrade, or less than a second before
            the client's `close` packet.
            """)

    private struct Abort {
        var poll: ExchangeFacts
        var closed: Timestamp
        var next: ExchangeFacts?
    }

    private static let limit = 64

    private var unanswered: [Int64: [Abort]] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard let id = exchange.sessionID, exchange.method == "GET" || exchange.method == "POST" else { return }
        for index in (self.unanswered[id] ?? []).indices
        where self.unanswered[id]?[index].next == nil
            && (self.unanswered[id]?[index].closed ?? exchange.requested) < exchange.requested
        {
            self.unanswered[id]?[index].next = exchange
        }
        let target = RequestTarget(exchange.target)
        guard exchange.method == "GET", exchange.status == nil, target.sid != nil, !target.isWebSocket,
            exchange.upgrade == nil, let connection = capture.connections[exchange.connectionID],
            connection.closedBy == .client, connection.closeKind == .fin || connection.closeKind == .rst,
            let closed = connection.closed, closed >= exchange.requested,
            self.unanswered[id, default: []].count < Self.limit
        else { return }
        self.unanswered[id, default: []].append(Abort(poll: exchange, closed: closed))
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for summary in sessions {
            let upgraded = summary.state.upgrade.upgrade?.at
            // Who leaves cuts off the poll and posts a `close`, in any order.
            let left =
                summary.facts.endClass == .engineIOClose && summary.facts.endedBy == .client ? summary.facts.ended : nil
            let aborts = (self.unanswered[summary.facts.id] ?? []).filter { abort in
                abort.next != nil && upgraded.map { $0 > abort.closed } ?? true
                    && summary.facts.ended.map { $0 >= abort.closed } ?? true
                    && left.map { $0.nanoseconds(since: abort.closed) > summary.state.reactionNs } ?? true
            }
            guard let first = aborts.first, let next = first.next else { continue }
            let pending = first.closed.nanoseconds(since: first.poll.requested)
            let isRefused = (400..<500).contains(next.status ?? 0)
            report.add(
                "the client's side cut off a poll that had waited \(Phrase.duration(pending))"
                    + (isRefused ? "; the next request was refused with \(next.status ?? 0)" : "")
                    + (aborts.count > 1 ? "; \(aborts.count) polls in all" : ""),
                at: first.closed, consequence: isRefused ? .shown : .none,
                over: ClosedRange(between: first.poll.requested, and: first.closed),
                evidence: Evidence([
                    ("exchanges", .array([.integer(first.poll.id), .integer(next.id)])),
                    ("pending_ms", .milliseconds(pending)), ("count", .integer(aborts.count)),
                ]),
                sessionID: summary.facts.id)
        }
    }
}
