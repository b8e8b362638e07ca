import TimelineModel

struct EIO3ClientPingMissing: SessionRule {
    static let page = RulePage(
        "eio3-client-ping-missing", .engineIO, .error, versions: "Engine.IO 3", sides: [.client],
        source: """
            Engine.IO protocol 3, Heartbeat; engine.io lib/socket.ts `resetPingTimeout`; python-engineio 3 socket.py
            `check_ping_timeout`; socket.io-client-swift#895
            """,
        summary: "The client stopped pinging, but under Engine.IO 3 the client has to",
        finds: """
            No `2` of the client for pingInterval + pingTimeout and the slack (the longest of 200 ms, three round trips
            and 2 % of pingInterval) since its last one, or since the open packet; or the server ended the session after
            that time less the slack. python-engineio 3 allows pingInterval + 5 s, where that is less.
            """,
        why: """
            The server takes the client for dead and closes. Since engine.io 6.6 only pings count there, whatever else
            the client sends.
            """,
        clientFix: "Send `2` every pingInterval, from a timer that no work of the application can block.",
        serverFix: "Nothing: the client breaks the protocol.",
        falseAlarms: """
            A capture of the server's side only is not judged, one that misses the session's beginning is judged from the first ping in it. A ping that waits for its
            pong is `eio3-pong-missing`. Servers before engine.io 6.6 take any packet for a sign of life: then the fault
            stays latent.
            """)

    static let sees: Interest = [.ping]
    static let tellsAbsences = true

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .client else { return }
        self.judge(until: frame.at, isEndOfServer: false, session, &report)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        let isEndOfServer = session.facts.completeTail && session.facts.endedBy == .server
        self.judge(until: session.lastMoment, isEndOfServer: isEndOfServer, session, &report)
    }

    private func judge(until end: Timestamp, isEndOfServer: Bool, _ session: SessionState, _ report: inout Report) {
        // Where only the server's side is in the capture, its pongs show that there were pings.
        guard session.isEngineIO3, session.heartbeat.outstanding == nil,
            session.isClientSeen || (isEndOfServer && session.heartbeat.lastAnyPong == nil),
            let since = session.heartbeat.lastPing ?? (session.facts.completeHead ? session.open : nil),
            let interval = session.pingIntervalNs, let timeout = session.pingTimeoutNs
        else { return }
        let grace = session.server.kind == .python ? min(timeout, Self.pythonGraceNs) : timeout
        let allowed = interval + grace
        let silent = end.nanoseconds(since: since.at)
        guard silent >= (isEndOfServer ? session.earliestNs(allowed) : allowed + session.slackNs) else {
            return
        }
        report.add(
            "no ping of the client for \(Phrase.duration(silent)) under EIO=3 (allowed \(Phrase.duration(allowed)))",
            at: min(since.at.later(by: allowed), end), frameID: since.frameID,
            consequence: isEndOfServer ? .end(by: .server, withinNs: allowed + session.slackNs) : .none,
            over: ClosedRange(between: since.at, and: end), isTimed: true,
            evidence: Evidence(frames: [since.frameID], measuredNs: silent, allowedNs: allowed))
    }

    /// python-engineio 3.14, base_server.py: `ping_interval_grace_period`.
    private static let pythonGraceNs: Int64 = 5_000_000_000
}
