import TimelineModel

struct PongUnsolicited: SessionRule {
    static let page = RulePage(
        "pong-unsolicited", .engineIO, .warning, versions: "Engine.IO 4", sides: [.client],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io lib/socket.ts `onPacket`: any pong starts the interval anew
            """,
        summary: "The client sent a pong that no ping of the server had asked for",
        finds: "A `3` of the client with no unanswered `2` of the server before it.",
        why: """
            Node's server takes it, and each one puts off its next ping by a whole pingInterval: a client that sends one
            every few seconds is never pinged, and its own watchdog, which waits for pings, closes a healthy session.
            python-engineio passes them over.
            """,
        clientFix: "Send `3` once for each `2`, and never from a timer.",
        serverFix: "Nothing: the client breaks the protocol.",
        falseAlarms: """
            A capture that begins between a ping and its pong, or that misses the ping or the
            whole side of the server: not judged. WebSocket pong frames
            (opcode 10) are not Engine.IO pongs.
            """)

    static let sees: Interest = [.pong]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, session.isVersionKnown, session.lastFromServer != nil, frame.sender == .client,
            session.heartbeat.outstanding == nil
        else { return }
        // A ping since the last pong, which the capture misses, would make it right.
        let since = min(session.heartbeat.lastAnyPong?.at ?? session.facts.opened, frame.at)
        let last = session.heartbeat.lastPing.map { Phrase.duration(frame.at.nanoseconds(since: $0.at)) }
        report.add(
            "client pong without a ping of the server"
                + (last.map { " (the last one, \($0) ago, was answered)" } ?? ""),
            frame: frame, over: ClosedRange(between: since, and: frame.at))
    }
}
