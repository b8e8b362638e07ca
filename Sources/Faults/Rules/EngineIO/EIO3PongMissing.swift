import TimelineModel

struct EIO3PongMissing: SessionRule {
    static let page = RulePage(
        "eio3-pong-missing", .engineIO, .error, versions: "Engine.IO 3", sides: [.server, .middlebox],
        source: """
            Engine.IO protocol 3, Heartbeat; engine.io-client 3 lib/socket.js `onHeartbeat`; python-engineio#183
            """,
        summary: "The server sent nothing within pingTimeout of the client's ping",
        finds: """
            A `2` of the client that no packet of the server follows, of whatever type, within pingTimeout and the slack
            (the longest of 200 ms, three round trips and 2 % of pingInterval); or the client ended the session after that
            time less the slack. Over polling a poll must have been pending when the time was over.
            """,
        why: "The client takes the server for dead, closes and reports `ping timeout`.",
        clientFix: "Nothing: closing is right. Reconnect.",
        serverFix: "Answer each `2` with `3` at once; look for what blocks the server's event loop.",
        falseAlarms: """
            Any packet of the server counts, as it does for the JavaScript client. A polling client that does not poll
            cannot be answered and is not judged.
            """)

    static let sees: Interest = .engineIO
    static let tellsAbsences = true

    private var ping: Mark?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO3 else { return }
        if frame.sender == .server {
            self.judge(until: frame.at, isEndOfClient: false, session, &report)
        } else if frame.engineIOType == .ping, !frame.isProbe, self.ping == nil {
            self.ping = Mark(frame)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let isEndOfClient = session.facts.completeTail && session.facts.endedBy == .client
        self.judge(until: session.lastMoment, isEndOfClient: isEndOfClient, session, &report)
    }

    private mutating func judge(
        until end: Timestamp, isEndOfClient: Bool, _ session: SessionState, _ report: inout Report
    ) {
        guard let ping = self.ping, let timeout = session.pingTimeoutNs, session.isVersionKnown else { return }
        self.ping = nil
        let silent = end.nanoseconds(since: ping.at)
        let due = ping.at.later(by: timeout)
        guard silent >= (isEndOfClient ? session.earliestNs(timeout) : timeout + session.slackNs),
            session.couldReceive(at: min(due, end))
        else { return }
        report.add(
            "no packet of the server within \(Phrase.duration(min(silent, timeout))) of the client's ping (pingTimeout "
                + "\(Phrase.duration(timeout)))",
            at: ping.at, frameID: ping.frameID,
            consequence: isEndOfClient ? .end(by: .client, withinNs: 2 * timeout + session.slackNs) : .none,
            over: ClosedRange(between: ping.at, and: end), isTimed: true,
            evidence: Evidence(frames: [ping.frameID], measuredNs: silent, allowedNs: timeout))
    }
}
