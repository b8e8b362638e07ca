import TimelineModel

struct HeartbeatBehindBulk: SessionRule {
    static let page = RulePage(
        "heartbeat-behind-bulk", .tcp, .warning, sides: [.application],
        source: "Engine.IO protocol, Heartbeat; socketio/socket.io#2769; happner/happn#158",
        summary: "A ping or pong had to wait behind a big message on a slow link",
        finds: """
            A message of at least 64 KiB in the direction of a ping or pong that took more than half of pingTimeout, as
            far as the times of the frames around it tell, between the moment when the ping or pong was due and the one
            when it came.
            """,
        why: """
            A connection carries one thing after the other: a pong waits until the message before it is through. A side
            that waits for the pong cannot know that and closes, though the link works.
            """,
        clientFix:
            "Cut big messages into pieces that each take well under pingTimeout on a slow link, or upload over HTTP.",
        serverFix: "Raise pingTimeout above the time the biggest message takes on the slowest link.",
        falseAlarms: """
            The beginning of a message over WebSocket is not recorded. A program that was busy for as long and then sent
            its message looks alike; messages that would need a link slower than 16 KiB/s for it are not taken for a
            reason.
            """)

    static let sees: Interest = [.ping, .pong]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard let timeout = session.pingTimeoutNs, let due = HeartbeatDue.of(frame, session), due.at < frame.at
        else { return }
        let span = ClosedRange(between: due.at, and: frame.at)
        guard let bulk = session.bulk.longest(of: frame.sender, in: span) else { return }
        let busy = bulk.overlapNs(with: span)
        guard busy > timeout / 2 else { return }
        report.add(
            "the \(frame.sender.rawValue)'s \(due.name) came \(Phrase.duration(frame.at.nanoseconds(since: due.at))) "
                + "\(due.after), behind a message of \(Phrase.count(bulk.wireBytes, "byte")) that took up to "
                + Phrase.duration(busy), frame: frame, consequence: .shown, over: span, isTimed: true,
            evidence: Evidence(
                frames: (bulk.frameID.map { [$0] } ?? []) + [frame.id], measuredNs: busy, allowedNs: timeout / 2,
                [("wire_bytes", .integer(bulk.wireBytes))]))
    }
}
