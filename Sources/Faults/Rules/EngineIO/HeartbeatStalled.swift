import TimelineModel

struct HeartbeatStalled: SessionRule {
    static let page = RulePage(
        "heartbeat-stalled-after-upgrade", .engineIO, .warning, versions: "Engine.IO 4", sides: [.server],
        source: """
            engine.io lib/socket.ts `_maybeUpgrade` and `setTransport`: the timer of the pong is cancelled at the upgrade,
            and only a pong starts the interval again; engine.io CHANGELOG 4.1.1
            """,
        summary: "The heartbeat stopped at the upgrade: a ping by polling was never answered and no other one came",
        finds: """
            A `2` that came by polling, the `5` of the upgrade before any `3`, and from then on no `2` and no `3` for
            pingInterval + pingTimeout and the slack (the longest of 200 ms, three round trips and 2 % of pingInterval).
            """,
        why: """
            Node's server cancels the timer that waits for the pong when the session goes over to the WebSocket, and only
            a pong starts the next interval. Without one the session has no heartbeat any more: the server never notices
            that the client is gone, and a client that waits for pings gives up.
            """,
        clientFix: """
            Answer a `2` that came by polling also while an upgrade is under way, over whichever transport is in use.
            """,
        serverFix: "Update engine.io; limit how long a session may be idle.",
        falseAlarms: """
            A pong by polling before the `5`, or over the WebSocket behind it, keeps the heartbeat going. A session that
            ends earlier, or a capture, is not judged.
            """)

    static let sees: Interest = [.ping, .pong, .upgrade]
    static let tellsAbsences = true

    private var ping: Mark?
    private var upgrade: Mark?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4 else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.ping, .server):
            self.judge(until: frame.at, session, &report)
            self.ping = frame.transport == .polling ? Mark(frame) : nil
        case (.pong, .client):
            self.judge(until: frame.at, session, &report)
        case (.upgrade, .client):
            self.upgrade = self.ping == nil ? nil : Mark(frame)
        default:
            break
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        self.judge(until: session.lastMoment, session, &report)
    }

    /// The heartbeat goes on, or the session has ended.
    private mutating func judge(until end: Timestamp, _ session: SessionState, _ report: inout Report) {
        defer { (self.ping, self.upgrade) = (nil, nil) }
        guard let ping = self.ping, let upgrade = self.upgrade, let interval = session.pingIntervalNs,
            let timeout = session.pingTimeoutNs
        else { return }
        let silent = end.nanoseconds(since: upgrade.at)
        guard silent >= interval + timeout + session.slackNs else { return }
        report.add(
            "no heartbeat for \(Phrase.duration(silent)) since the upgrade, which came before the pong to a ping by "
                + "polling",
            at: upgrade.at, frameID: upgrade.frameID, consequence: .shown,
            over: ClosedRange(between: min(ping.at, upgrade.at), and: end),
            isTimed: true,
            evidence: Evidence(
                frames: [ping.frameID, upgrade.frameID], measuredNs: silent, allowedNs: interval + timeout))
    }
}
