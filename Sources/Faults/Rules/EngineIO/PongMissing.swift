import TimelineModel

struct PongMissing: SessionRule {
    static let page = RulePage(
        "pong-missing", .engineIO, .error, versions: "Engine.IO 4", sides: [.client, .middlebox],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io lib/socket.ts `schedulePing`; python-engineio
            `check_ping_timeout`; socketio/socket.io#4040
            """,
        summary: "The client did not answer a ping of the server within pingTimeout",
        finds: """
            A `2` of the server that no `3` of the client follows within pingTimeout and the slack (the longest of 200
            ms, three round trips and 2 % of pingInterval), where the client did not end the session before and the
            capture holds all of that time; or no `3` followed it and the server ended the session after pingTimeout less
            the slack or later. A `3` that came too late is `pong-late`.
            """,
        why: """
            The server takes the client for dead and closes: Node with an empty close frame, python-engineio with code
            1000, up to twice as late. The client reads `transport close` and never learns that its own silence was the
            cause.
            """,
        clientFix: """
            Answer each `2` with `3` at once, from a task that no work of the application can block. On a phone or in a
            background tab expect timers to stand still: reconnect on resume.
            """,
        serverFix: "Raise pingTimeout where clients are on slow links; check that nothing between drops small frames.",
        falseAlarms: """
            A capture that ends within the time or holds the server's side only, a client whose host slept (a note then). Over polling a `2` counts from
            when its poll was answered; one that still waited for a poll is not in the capture. A `2` that was answered by
            an upgrade: Node then stops its timer (`heartbeat-stalled-after-upgrade`), so only a close of the server at
            that time shows that it did not. Servers before engine.io 6.6 take any packet for a sign of life: then the
            fault stays latent.
            """)

    static let sees: Interest = [.pong, .ping, .upgrade]
    static let tellsAbsences = true

    /// The ping that waits: what comes later decides.
    private var waiting: Mark?
    /// It came by polling, and the client went over to the WebSocket before it answered.
    private var isPastUpgrade = false
    private var isPolled = false

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4 else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.ping, .server):
            // A server does not ping again before it has its pong, but for one that lets the first pass.
            self.judge(until: frame.at, isEndOfServer: false, session, &report)
            self.waiting = Mark(frame)
            self.isPolled = frame.transport == .polling
            self.isPastUpgrade = false
        case (.pong, .client):
            // A pong that came too late is the other rule's.
            self.waiting = nil
        case (.upgrade, .client):
            self.isPastUpgrade = self.isPolled
        default:
            break
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let isEndOfServer = session.facts.completeTail && session.facts.endedBy == .server
        self.judge(until: session.lastMoment, isEndOfServer: isEndOfServer, session, &report)
    }

    private mutating func judge(
        until end: Timestamp, isEndOfServer: Bool, _ session: SessionState, _ report: inout Report
    ) {
        guard let ping = self.waiting, let timeout = session.pingTimeoutNs else { return }
        self.waiting = nil
        guard session.isClientSeen || session.holdsBothSides else { return }
        let silent = end.nanoseconds(since: ping.at)
        guard isEndOfServer || !self.isPastUpgrade else { return }
        let allowed = isEndOfServer ? session.earliestNs(timeout) : timeout + session.slackNs
        guard silent >= allowed else { return }
        let decided = min(end, ping.at.later(by: timeout + session.slackNs))
        report.add(
            "no pong within \(Phrase.duration(min(silent, timeout))) of the server's ping (pingTimeout "
                + "\(Phrase.duration(timeout)))",
            at: ping.at, frameID: ping.frameID,
            consequence: .end(by: .server, withinNs: 2 * timeout + session.slackNs),
            over: ClosedRange(between: ping.at, and: decided), isTimed: true,
            evidence: Evidence(frames: [ping.frameID], measuredNs: silent, allowedNs: timeout))
    }
}
