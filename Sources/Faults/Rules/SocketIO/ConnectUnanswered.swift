import TimelineModel

struct ConnectUnanswered: SessionRule {
    private static let wait = Threshold(
        "wait_ms", 20_000, step: 1000, "how long the answer to a CONNECT may take, in milliseconds")

    static let page = RulePage(
        "connect-unanswered", .socketIO, .warning, sides: [.server, .application],
        source: "Socket.IO protocol 5, \"Connection to a namespace\"; socket.io lib/namespace.ts `run`",
        summary: "The server neither accepted nor refused a CONNECT in time",
        finds: """
            A CONNECT of the client that no `40` and no `44` for its namespace follows within 20 s, while the session
            goes on and the client does not take it back with a `41`.
            """,
        why: """
            The client waits: it has no socket id, sends nothing, and no timeout of Socket.IO ends that. Node's server
            closes at connectTimeout (45 s) where no other namespace was joined.
            """,
        clientFix: "Set a limit of your own for the time until `connect` or `connect_error`.",
        serverFix: """
            Look for a middleware that does not call `next()` on every way, or waits for a database that does not
            answer.
            """,
        falseAlarms: "An auth middleware may take its time; one that needs 20 s is worth a warning.",
        thresholds: [wait])

    static let sees: Interest = []

    private let waitNs: Int64

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        for attempt in session.connects.all {
            let answer: Mark? =
                switch attempt.outcome {
                case .accepted(let mark), .refused(let mark, _): mark
                case .unanswered: nil
                }
            let until = answer?.at ?? attempt.withdrawn?.at ?? session.lastFromServer?.at ?? attempt.mark.at
            let waited = until.nanoseconds(since: attempt.mark.at)
            guard waited >= self.waitNs else { continue }
            let how = answer == nil ? "no answer to" : "a late answer, after \(Phrase.duration(waited)), to"
            let within = answer == nil ? " within \(Phrase.duration(waited))" : ""
            report.add(
                "\(how) the CONNECT for namespace \(Phrase.namespace(attempt.namespace))\(within)",
                at: attempt.mark.at, frameID: attempt.mark.frameID,
                over: ClosedRange(between: attempt.mark.at, and: until), isTimed: true,
                evidence: Evidence(frames: [attempt.mark.frameID], measuredNs: waited, allowedNs: self.waitNs))
        }
    }
}
