import TimelineModel

struct ClientNoWatchdog: SessionRule {
    static let page = RulePage(
        "client-no-watchdog", .engineIO, .warning, versions: "Engine.IO 4", sides: [.client],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io-client lib/socket.ts `resetPingTimeout`; rust-socketio#358
            """,
        summary: "The client kept a session on which the server had long fallen silent",
        finds: """
            Nothing at all from the server for 2 · (pingInterval + pingTimeout) and the slack (the longest of 200 ms,
            three round trips and 2 % of pingInterval) since its last ping or the open packet, and the client has not
            ended the session. Over polling a poll must have been pending then.
            """,
        why: """
            A connection that a router or a sleeping host has dropped looks open to the client for hours. Without a
            watchdog it sends into nothing and never reconnects.
            """,
        clientFix: """
            Start a timer of pingInterval + pingTimeout with each `2` of the server (and with the open packet); when it
            runs out, close and reconnect.
            """,
        falseAlarms: """
            Clients for Swift look once every pingInterval + pingTimeout, so twice that time is allowed. Clients for Java
            and Python count any traffic, so the server must have been wholly silent. Not judged: what
            `server-ping-missed` does not judge. A capture on a laptop that slept looks like this too.
            """)

    static let sees: Interest = .allFrames
    static let tellsAbsences = true

    /// From where it was found silent: once is enough.
    private var found: Timestamp?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        // The close frame that answers the client's own is a word of the server too: judged before it comes.
        guard frame.sender == .server || frame.layer == .websocket else { return }
        self.judge(until: frame.at, session, &report)
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        self.judge(until: session.lastMoment, session, &report)
    }

    private mutating func judge(until end: Timestamp, _ session: SessionState, _ report: inout Report) {
        guard let since = session.waitsForPingSince, let interval = session.pingIntervalNs,
            let timeout = session.pingTimeoutNs
        else { return }
        let start = max(since.at, session.lastFromServer?.at ?? since.at)
        let allowed = 2 * (interval + timeout)
        let silent = end.nanoseconds(since: start)
        let decided = start.later(by: allowed + session.slackNs)
        guard end >= decided, self.found != start, session.couldReceive(at: decided) else { return }
        self.found = start
        report.add(
            "the client kept the session through \(Phrase.duration(silent)) without a word of the server (it should "
                + "give up after \(Phrase.duration(interval + timeout)))",
            at: decided, frameID: since.frameID, consequence: .shown, over: ClosedRange(between: start, and: decided),
            isTimed: true,
            evidence: Evidence(frames: [since.frameID], measuredNs: silent, allowedNs: allowed))
    }
}
