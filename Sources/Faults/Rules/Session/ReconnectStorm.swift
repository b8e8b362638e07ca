import JSONText
import TimelineModel

struct ReconnectStorm: CaptureRule {
    private static let least = Threshold("handshakes", 5, step: 1, "how many handshakes make a storm")
    private static let window = Threshold("within_ms", 10_000, step: 500, "within which time, in milliseconds")
    private static let gap = Threshold(
        "gap_ms", 500, step: 20,
        "the longest wait between an end and the next handshake that counts there, in milliseconds"
    )
    private static let tightGap = Threshold(
        "tight_gap_ms", 300, step: 20, "the longest wait that counts at any pace, in milliseconds")
    private static let failures = Threshold("failures", 6, step: 1, "how many failed tries must show growing waits")

    static let page = RulePage(
        "reconnect-storm", .session, .error, sides: [.client],
        source: """
            socket.io-client lib/manager.ts and contrib/backo2.ts (1 s, doubled up to 5 s, ± 50 %); socketio/socket.io#2998,
            socketio/socket.io-client#784
            """,
        summary: "A client connects again and again without waiting in between",
        finds: """
            Handshakes of one client (address, path and User-Agent), refused ones as well, each begun less than 500 ms
            after the one before had failed or its session had ended: five of them within 10 s; or five whose four waits
            are shorter than 300 ms, behind refusals and sessions of less than 10 s. As a warning: six failed handshakes
            whose waits stay below 4 s and do not grow.
            """,
        why: """
            Many clients that do this together keep a server down that was about to come back. Each try costs a TCP and
            TLS connection and often a login.
            """,
        clientFix: """
            Wait before each new try, longer each time up to a limit, with a random part: socket.io-client's
            `reconnectionDelay`, `reconnectionDelayMax` and `randomizationFactor` do that. Begin anew with the shortest
            wait only after a session that worked for a while.
            """,
        serverFix: "Limit handshakes per address at the proxy; answer 503 with Retry-After while starting.",
        falseAlarms: """
            socket.io-client waits 0.5 to 1.5 s after each session that had opened, for ever: that is a flap and no
            storm. From the fifth failure on its wait is exactly 5 s. Clients that cannot be told apart (tabs, a proxy
            in front, a load test) are not judged where two of them are there at once: two sessions are open, or the
            connection of a refused handshake was opened before another one was answered or while a session still spoke.
            Nor are ends that the client chose itself.
            """,
        thresholds: [least, window, gap, tightGap, failures])

    static let telling = Telling.oncePerCapture

    private struct Client: Hashable {
        var address: String
        var forwardedFor: String?
        var path: String
        var userAgent: String?
    }

    /// One handshake and what became of it.
    private struct Attempt {
        var begun: Timestamp
        /// Nil for a session that is open at the end of the capture, and for a handshake that still waits there.
        var ended: Timestamp?
        var sessionID: Int64?
        /// While this lasts, its client is busy with it: from the opening of a connection of its own on; of a session,
        /// until the client last spoke. Nil where it goes on.
        var busyFrom: Timestamp
        var busyUntil: Timestamp?
        /// The client went of its own will: what it does next is no retry.
        var isLeft = false

        var hasFailed: Bool { self.sessionID == nil && self.ended != nil }
        var lifeNs: Int64 { self.hasFailed ? 0 : self.ended?.nanoseconds(since: self.begun) ?? .max }
    }

    /// A session that lived longer than this was worth its handshake.
    private static let shortLifeNs: Int64 = 10_000_000_000
    /// Waits of this length are near to where socket.io-client's stop growing.
    private static let longWaitNs: Int64 = 4_000_000_000
    /// Handshakes beyond this many are counted by their sessions only.
    private static let limit = 200_000

    private let leastHandshakes: Int
    private let windowNs: Int64
    private let gapNs: Int64
    private let tightGapNs: Int64
    private let leastFailures: Int
    private var refused: [(client: Client, attempt: Attempt)] = []
    /// Connections that have carried a request: who opened one of them did not do so for the next one.
    private var used: Set<Int64> = []

    init(_ settings: RuleSettings) {
        self.leastHandshakes = max(2, settings.count(Self.least))
        self.windowNs = settings.nanoseconds(Self.window)
        self.gapNs = settings.nanoseconds(Self.gap)
        self.tightGapNs = settings.nanoseconds(Self.tightGap)
        self.leastFailures = max(3, settings.count(Self.failures))
    }

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard self.refused.count < Self.limit else { return }
        let isFirst = self.used.insert(exchange.connectionID).inserted
        if let refused = Self.attempt(exchange, isFirst: isFirst, capture) { self.refused.append(refused) }
    }

    /// Nil for what is no handshake, and for one that made a session.
    private static func attempt(
        _ exchange: ExchangeFacts, isFirst: Bool, _ capture: CaptureState
    ) -> (client: Client, attempt: Attempt)? {
        let target = RequestTarget(exchange.target)
        guard exchange.method == "GET", target.isHandshake, target.transport != nil, exchange.sessionID == nil,
            let connection = capture.connections[exchange.connectionID]
        else { return nil }
        let client = Client(
            address: connection.clientAddress, forwardedFor: exchange.forwardedFor, path: target.path,
            userAgent: exchange.userAgent)
        let ended = exchange.responded ?? exchange.answered ?? connection.closed.map { max($0, exchange.requested) }
        let isOwn = isFirst && connection.completeHead && connection.otherRequests == 0
        let attempt = Attempt(
            begun: exchange.requested, ended: ended,
            busyFrom: isOwn ? min(connection.opened, exchange.requested) : exchange.requested, busyUntil: ended)
        return (client, attempt)
    }

    private static func attempt(_ session: SessionState) -> (client: Client, attempt: Attempt)? {
        let facts = session.facts
        guard facts.completeHead, !session.clientAddress.isEmpty else { return nil }
        let client = Client(
            address: session.clientAddress, forwardedFor: facts.forwardedFor, path: facts.path ?? "",
            userAgent: facts.userAgent)
        let attempt = Attempt(
            begun: facts.opened, ended: facts.endClass == .captureEnd ? nil : facts.ended, sessionID: facts.id,
            busyFrom: facts.opened, busyUntil: session.lastFromClient?.at ?? facts.opened)
        return (client, attempt)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        var attempts = Dictionary(grouping: self.refused, by: \.client).mapValues { $0.map(\.attempt) }
        for session in sessions {
            guard var (client, attempt) = Self.attempt(session.state) else { continue }
            attempt.isLeft = session.clientLeft
            attempts[client, default: []].append(attempt)
        }
        let others = self.unsettled(capture)
        let ordered = attempts.map { client, attempts in (client, attempts.sorted { $0.begun < $1.begun }) }
        for (client, attempts) in ordered.sorted(by: { ($0.1[0].begun, $0.1.count) < ($1.1[0].begun, $1.1.count) })
        where !Self.overlap(attempts + others[client, default: []]) {
            self.judge(attempts, capture, &report)
        }
    }

    /// What has begun and is not decided is no try of a storm yet, but may show that there are several clients.
    private func unsettled(_ capture: CaptureState) -> [Client: [Attempt]] {
        let requests = capture.unsettled.requests.compactMap {
            Self.attempt($0, isFirst: !self.used.contains($0.connectionID), capture)
        }
        let sessions = capture.unsettled.sessions.compactMap { session -> (client: Client, attempt: Attempt)? in
            guard var (client, attempt) = Self.attempt(session) else { return nil }
            // Its client may speak once more.
            attempt.busyUntil = nil
            return (client, attempt)
        }
        return Dictionary(grouping: requests + sessions, by: \.client).mapValues { $0.map(\.attempt) }
    }

    /// Two that are there at once are two clients that look alike: whose retry a handshake is cannot be told.
    private static func overlap(_ attempts: [Attempt]) -> Bool {
        // A client that has left a session behind, unknown to the server, may try to come back meanwhile and be refused;
        // with a second session, too, it could not be told from two clients.
        Self.meet(attempts.lazy.filter { $0.sessionID != nil }.map { ($0.begun, $0.ended) })
            || Self.meet(attempts.lazy.map { ($0.busyFrom, $0.busyUntil) })
    }

    private static func meet(_ spans: some Sequence<(from: Timestamp, until: Timestamp?)>) -> Bool {
        var latest: Timestamp?
        for span in spans.sorted(by: { $0.from < $1.from }) {
            if let latest, span.from < latest { return true }
            let until = span.until ?? Timestamp(nanoseconds: .max)
            latest = max(latest ?? until, until)
        }
        return false
    }

    private func judge(_ attempts: [Attempt], _ capture: CaptureState, _ report: inout Report) {
        // Handshakes that follow each other without a real wait.
        var run: [Attempt] = []
        for attempt in attempts {
            if let last = run.last, let wait = Self.wait(last, attempt), wait < self.gapNs {
                run.append(attempt)
            } else {
                if self.conclude(run, capture, &report) { return }
                run = [attempt]
            }
        }
        if self.conclude(run, capture, &report) { return }
        self.judgeFailures(attempts, capture, &report)
    }

    /// From the end of one to the beginning of the next; nil where that is no retry.
    private static func wait(_ last: Attempt, _ next: Attempt) -> Int64? {
        guard !last.isLeft, let ended = last.ended, next.begun >= ended else { return nil }
        return next.begun.nanoseconds(since: ended)
    }

    /// Whether it was a storm; one finding is enough for a client.
    private func conclude(_ run: [Attempt], _ capture: CaptureState, _ report: inout Report) -> Bool {
        guard run.count >= self.leastHandshakes, let trigger = self.trigger(run) else { return false }
        let first = run[trigger - self.leastHandshakes + 1]
        let span = ClosedRange(between: first.begun, and: run[trigger].begun)
        guard !capture.clockStepped(in: span) else { return false }
        let waits = zip(run, run.dropFirst()).compactMap { Self.wait($0, $1) }
        self.report(
            run, "each at most \(Phrase.duration(waits.max() ?? 0)) after the end of the one before",
            at: run[trigger].begun, severity: nil, &report)
        return true
    }

    /// The handshake with which it became a storm.
    private func trigger(_ run: [Attempt]) -> Int? {
        (self.leastHandshakes - 1..<run.count).first { end in
            let members = run[(end - self.leastHandshakes + 1)...end]
            guard let first = members.first, let last = members.last else { return false }
            if last.begun.nanoseconds(since: first.begun) <= self.windowNs { return true }
            return zip(members, members.dropFirst()).allSatisfy {
                $0.lifeNs < Self.shortLifeNs && (Self.wait($0, $1) ?? .max) < self.tightGapNs
            }
        }
    }

    /// Failures in a row whose waits do not grow.
    private func judgeFailures(_ attempts: [Attempt], _ capture: CaptureState, _ report: inout Report) {
        for run in attempts.split(whereSeparator: { !$0.hasFailed }) where run.count >= self.leastFailures {
            let waits = zip(run, run.dropFirst()).compactMap { Self.wait($0, $1) }
            // A handshake that was begun before the one before had failed is no retry of it.
            guard waits.count == run.count - 1, waits.allSatisfy({ $0 < Self.longWaitNs }), let first = run.first,
                let last = run.last
            else { continue }
            let half = waits.count / 2
            let early = waits.prefix(half).reduce(0, +) / Int64(half)
            let late = waits.suffix(half).reduce(0, +) / Int64(half)
            guard late * 2 <= early * 3, !capture.clockStepped(in: ClosedRange(between: first.begun, and: last.begun))
            else { continue }
            self.report(
                Array(run), "with waits of \(Phrase.duration(early)) at first and \(Phrase.duration(late)) at last",
                at: last.begun, severity: .warning, &report)
            return
        }
    }

    private func report(
        _ run: [Attempt], _ waits: String, at: Timestamp, severity: Severity?, _ report: inout Report
    ) {
        guard let first = run.first, let last = run.last else { return }
        let took = last.begun.nanoseconds(since: first.begun)
        let failed = run.count { $0.hasFailed }
        report.add(
            "\(run.count) handshakes of one client in \(Phrase.duration(took)), \(failed) of them failed, \(waits)",
            at: at, severity: severity, consequence: .shown,
            evidence: Evidence([
                ("handshakes", .integer(run.count)), ("failed", .integer(failed)), ("took_ms", .milliseconds(took)),
                ("sessions", .array(run.lazy.compactMap(\.sessionID).prefix(1024).map { .integer($0) })),
            ]),
            sessionID: run.last { !$0.hasFailed }?.sessionID)
    }
}
