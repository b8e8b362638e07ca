import JSONText
import TimelineModel

struct AckUnanswered: SessionRule {
    private static let wait = Threshold(
        "wait_ms", 30_000, step: 1000, "how long an ack may take, in milliseconds")
    private static let leastWait = Threshold(
        "least_wait_ms", 1000, step: 100,
        "how long it must have waited at least where the session or the namespace ended before `wait_ms`")
    private static let factor = Threshold(
        "usual_times", 4, step: 1,
        "an ack may take this many times as long as acks to the same event do in the median")

    static let page = RulePage(
        "ack-unanswered", .socketIO, .warning, sides: [.client, .server, .application],
        source: """
            Socket.IO protocol 5, "Acknowledgement"; socketio/socket.io#3494, #2064, #2275, #4984;
            Gottox/socket.io-java-client#110
            """,
        summary: "An event asked for an ack and got none",
        finds: """
            An event with an ack id that the other side did not answer within 30 s, or within 4 times the median of the
            answers to the same event where that is longer, and not later either. Where the session or the namespace
            ended before: if 3 acks or more were answered in that direction, and it had waited 1 s and 20 times their
            median. Events of one name are reported together.
            """,
        why: """
            The callback of the sender never runs: a promise that stays open, a spinner that turns for ever, a message
            that is sent again and again. Nothing on the wire says that the answer will not come.
            """,
        clientFix: """
            Give each emit that asks for an ack a limit: `socket.timeout(5000).emit(...)`, `call(timeout=...)`. Answer
            the server's events: call the callback that the handler gets as its last argument.
            """,
        serverFix: """
            Call the callback on every way through the handler, also where it fails; in python-socketio return a value.
            Do not ask for an ack that nobody waits for.
            """,
        falseAlarms: """
            A long job answers late: the usual time of each event counts. A sender that gives up by a `timeout` of its
            own has planned for it. A session that ended at once left no time. An event that came again under a new id
            (the option `retries`) and was answered then is left out.
            """,
        thresholds: [wait, leastWait, factor])

    static let sees: Interest = [.disconnect]

    /// How many times the median of all answers one must have waited where the session ended early, and how many
    /// answers make a median.
    private static let overdue: Int64 = 20
    private static let leastAnswers = 3

    private let waitNs: Int64
    private let leastWaitNs: Int64
    private let factor: Double

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
        self.leastWaitNs = settings.nanoseconds(Self.leastWait)
        self.factor = settings[Self.factor]
    }

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        self.judge(session.acks.open(in: frame.namespace ?? "/"), until: frame.at, isEnd: true, session, &report)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        let isEnd = session.facts.completeTail
        for side in [Sender.client, .server] {
            // Who has fallen silent answers nothing, and that is another fault.
            guard let last = side == .client ? session.lastFromServer : session.lastFromClient else { continue }
            let open = session.acks.open().filter { $0.kind.sender == side }
            self.judge(open, until: last.at, isEnd: isEnd, session, &report)
        }
    }

    private func judge(
        _ open: [(kind: AckKind, requests: [AckRequest])], until end: Timestamp, isEnd: Bool, _ session: SessionState,
        _ report: inout Report
    ) {
        for (kind, requests) in open {
            let allowed = self.allowedNs(kind, isEnd: isEnd, session)
            let overdue = requests.filter { end.nanoseconds(since: $0.mark.at) >= allowed }
            guard let first = overdue.first else { continue }
            let waited = end.nanoseconds(since: first.mark.at)
            let what =
                overdue.count == 1
                ? "no ack to \(Phrase.event(kind.event)) (id \(first.id)) of the \(kind.sender.rawValue)"
                : "no ack to \(Phrase.event(kind.event)) of the \(kind.sender.rawValue) \(overdue.count) of "
                    + "\(kind.requests) times, the first (id \(first.id))"
            let place = kind.namespace == "/" ? "" : " on namespace \(Phrase.namespace(kind.namespace))"
            report.add(
                "\(what)\(place) within \(Phrase.duration(waited))", at: first.mark.at, frameID: first.mark.frameID,
                consequence: .shown, over: ClosedRange(between: first.mark.at, and: end), isTimed: true,
                evidence: Evidence(
                    frames: overdue.prefix(16).map(\.mark.frameID), measuredNs: waited, allowedNs: allowed,
                    [("unanswered", .integer(overdue.count)), ("requests", .integer(kind.requests))]))
        }
    }

    private func allowedNs(_ kind: AckKind, isEnd: Bool, _ session: SessionState) -> Int64 {
        let usual = Self.median(kind.answerTimes).map { Int64(milliseconds: Double($0) / 1e6 * self.factor) } ?? 0
        let allowed = max(self.waitNs, usual)
        guard isEnd else { return allowed }
        let times = session.acks.kinds.filter { $0.sender == kind.sender }.flatMap(\.answerTimes)
        guard times.count >= Self.leastAnswers, let median = Self.median(times) else { return allowed }
        let overdue = median.multipliedReportingOverflow(by: Self.overdue)
        return overdue.overflow ? allowed : min(allowed, max(self.leastWaitNs, usual, overdue.partialValue))
    }

    private static func median(_ times: [Int64]) -> Int64? {
        times.isEmpty ? nil : times.sorted()[times.count / 2]
    }
}
