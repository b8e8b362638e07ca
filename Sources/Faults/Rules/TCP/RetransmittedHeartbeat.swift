import TimelineModel

struct RetransmittedHeartbeat: SessionRule {
    private static let late = Threshold(
        "late_by_ms", 200, step: 10, "how much later than a round trip counts, in milliseconds")

    static let page = RulePage(
        "retransmission-delayed-heartbeat", .tcp, .note, sides: [.middlebox],
        source: "RFC 6298, section 2; RFC 9293, section 3.8.1",
        summary: "A ping or pong was late because TCP had to send it again",
        finds: """
            A ping or pong of the heartbeat of which TCP sent a part again, more than 200 ms and a round trip later than
            it was due: a pong after its ping, a ping after the pong (or the open) before it and pingInterval.
            """,
        why: """
            The network lost it, so that its lateness says nothing about the program that sent it. Faults of the
            heartbeat that rest on its time are notes.
            """,
        serverFix:
            "Where it happens often, keep pingTimeout at several seconds or more: TCP needs seconds on lossy links.",
        falseAlarms: "Nothing: it only explains a delay. A capture on a busy host may hold packets late itself.",
        thresholds: [late])

    static let sees: Interest = [.ping, .pong]

    private let lateNs: Int64

    init(_ settings: RuleSettings) {
        self.lateNs = settings.nanoseconds(Self.late)
    }

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.flags.contains(.retransmitted), let due = HeartbeatDue.of(frame, session) else { return }
        let delay = frame.at.nanoseconds(since: due.at)
        guard delay > self.lateNs + (session.roundTripNs ?? 0) else { return }
        report.add(
            "the \(frame.sender.rawValue)'s \(due.name) came \(Phrase.duration(delay)) \(due.after), and TCP had sent it "
                + "again", frame: frame, consequence: .shown, over: ClosedRange(between: due.at, and: frame.at),
            isTimed: true,
            evidence: Evidence(frames: [frame.id], measuredNs: delay, allowedNs: self.lateNs))
    }
}
