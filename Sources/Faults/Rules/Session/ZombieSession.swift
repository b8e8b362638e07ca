import TimelineModel

struct ZombieSession: CaptureRule {
    static let page = RulePage(
        "zombie-session", .session, .warning, sides: [.client, .server],
        source: "Engine.IO protocol, Heartbeat; engine.io lib/socket.ts `schedulePing`",
        summary: "A session is still open, but nothing has moved on it for twice as long as the heartbeat allows",
        finds: """
            A WebSocket session without an end in the capture, where the capture goes on for more than twice pingInterval
            + pingTimeout after the last frame of either side and misses nothing in that time.
            """,
        why: """
            One of the two should have pinged and both should have given up by now. Neither did: events are lost, and
            the server keeps memory for a client that may be long gone.
            """,
        clientFix: "Close and connect anew when no ping of the server came for pingInterval + pingTimeout.",
        serverFix: """
            Check the heartbeat's timers. Node's server stops pinging after an upgrade to WebSocket in which a ping was
            left without its pong.
            """,
        falseAlarms: """
            Polling sessions fall silent without a word when their client is gone, or has gone on over WebTransport,
            which no TCP capture shows; they are not judged. Nor are HAR files, which do not tell when a WebSocket was
            closed.
            """)

    static let telling = Telling.atTheEnd

    init(_ settings: RuleSettings) {}

    func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        // A HAR file does not tell when a WebSocket was closed.
        guard capture.facts.kind != .har else { return }
        for session in sessions where session.facts.endClass == .captureEnd {
            self.judge(session.state, &report)
        }
    }

    private func judge(_ session: SessionState, _ report: inout Report) {
        guard session.isOnWebSocket, session.closes.first == nil, let interval = session.pingIntervalNs,
            let timeout = session.pingTimeoutNs,
            let last = [session.lastFromClient, session.lastFromServer].compactMap({ $0 })
                .max(by: { $0.frameID < $1.frameID })
        else { return }
        let quiet = session.seenUntil.nanoseconds(since: last.at)
        let allowed = 2 * (interval + timeout)
        guard quiet > allowed + session.slackNs else { return }
        report.add(
            "nothing moved for \(Phrase.duration(quiet)) and neither side closed (twice pingInterval + pingTimeout: "
                + "\(Phrase.duration(allowed)))",
            at: last.at, frameID: last.frameID, over: ClosedRange(between: last.at, and: session.seenUntil),
            isTimed: true, evidence: Evidence(frames: [last.frameID], measuredNs: quiet, allowedNs: allowed),
            sessionID: session.facts.id)
    }
}
