import TimelineModel

struct ServerPingMissed: SessionRule {
    static let page = RulePage(
        "server-ping-missed", .engineIO, .error, versions: "Engine.IO 4", sides: [.server, .middlebox],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io-client lib/socket.ts `resetPingTimeout`; rust-socketio#358 and
            #359; go-socket.io#540; discussion socket.io#4362
            """,
        summary: "The server did not ping for longer than pingInterval + pingTimeout",
        finds: """
            No `2` of the server for pingInterval + pingTimeout and the slack (the longest of 200 ms, three round trips
            and 2 % of pingInterval) since its last one, or since the open packet; or the client ended the session after
            that time less the slack and no `2` had come. The last `2` must have been answered. Over polling a poll must
            have been pending when the time was over.
            """,
        why: """
            A client may take the server for dead after pingInterval + pingTimeout without a ping. The JavaScript client
            then closes with an empty close frame and reports `ping timeout`, the C++ client with code 1008; the server
            reads `transport close` and never learns that its own silence was the cause.
            """,
        clientFix: "Nothing: closing is right. Reconnect.",
        serverFix: """
            Send `2` every pingInterval, counted from the last pong. Look for what holds the server's timers up: a blocked
            event loop, a paused process, a proxy that keeps small frames back.
            """,
        falseAlarms: """
            The next ping is due pingInterval after the pong, so a slow pong may stretch the gap up to exactly the limit.
            A pong that nobody asked for puts the ping off and is counted from. Sessions in which the client pinged, where
            the last ping has no pong, or which began before the capture and were not pinged in it are not judged; nor is
            a polling client that does not poll: there the server has nowhere to put its ping. A capture on a laptop that slept
            with the lid closed looks like this too: compare with its other traffic.
            """)

    static let sees: Interest = [.ping]
    static let tellsAbsences = true

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server else { return }
        self.judge(until: frame.at, isEndOfClient: false, session, &report)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        let isEndOfClient = session.facts.completeTail && session.facts.endedBy == .client
        self.judge(until: session.lastMoment, isEndOfClient: isEndOfClient, session, &report)
    }

    private func judge(until end: Timestamp, isEndOfClient: Bool, _ session: SessionState, _ report: inout Report) {
        guard let since = session.waitsForPingSince, let interval = session.pingIntervalNs,
            let timeout = session.pingTimeoutNs
        else { return }
        let allowed = interval + timeout
        let silent = end.nanoseconds(since: since.at)
        let due = since.at.later(by: allowed)
        guard silent >= (isEndOfClient ? session.earliestNs(allowed) : allowed + session.slackNs),
            session.couldReceive(at: min(due, end))
        else { return }
        report.add(
            "no ping of the server for \(Phrase.duration(silent)) (pingInterval + pingTimeout "
                + "\(Phrase.duration(allowed)))",
            at: min(due, end), frameID: since.frameID,
            // The client may look only once in that time, as the Swift client does.
            consequence: isEndOfClient ? .end(by: .client, withinNs: allowed + session.slackNs) : .none,
            over: ClosedRange(between: since.at, and: end), isTimed: true,
            evidence: Evidence(frames: [since.frameID], measuredNs: silent, allowedNs: allowed))
    }
}
