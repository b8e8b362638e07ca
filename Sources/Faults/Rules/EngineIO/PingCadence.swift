import TimelineModel

struct PingCadence: SessionRule {
    static let page = RulePage(
        "ping-cadence-drift", .engineIO, .warning, versions: "Engine.IO 4", sides: [.server],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io lib/socket.ts `schedulePing`: the next ping is due pingInterval
            after the pong; python-socketio#233
            """,
        summary: "The server pinged much earlier or later than its pingInterval says",
        finds: """
            The time from a `3` of the client to the next `2` of the server, over WebSocket, differs from pingInterval by
            more than a fifth of it and by more than 1 s. Too late is a warning, too early an error.
            """,
        why: """
            Clients set their watchdog by pingInterval. A server that is late has a blocked event loop or too much to do,
            and is on the way to `server-ping-missed`; one that is early wakes phones and counts its timeouts wrong.
            """,
        serverFix: """
            Start the interval when the pong comes and stop the old one. Look for work that blocks the event loop at the
            times of late pings.
            """,
        falseAlarms: """
            The round trip is allowed on top. Not judged: polling, where a ping waits for a poll; the first ping after an
            upgrade; an interval in which a pong came that nobody asked for; a ping so late that it is
            `server-ping-missed`. A ping that TCP had to send again is a note.
            """,
        thresholds: [Self.share, Self.least])

    static let share = Threshold("drift_share", 0.2, step: 0.02, "Allowed difference as a share of pingInterval.")
    static let least = Threshold(
        "drift_at_least_ms", 1000, step: 100, "Differences up to this are allowed at any pingInterval, in milliseconds."
    )

    static let sees: Interest = [.ping, .pong, .upgrade]

    private let share: Double
    private let leastNs: Int64
    /// The pong that answered the last ping, both over WebSocket.
    private var pong: Mark?

    init(_ settings: RuleSettings) {
        self.share = settings[Self.share]
        self.leastNs = settings.nanoseconds(Self.least)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4 else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.pong, .client):
            // A second pong starts the interval anew or is passed over: what is due then nobody knows.
            let isAnswer = session.heartbeat.outstanding != nil && frame.transport == .websocket
            self.pong = isAnswer ? Mark(frame) : nil
        case (.ping, .server):
            self.judge(frame, session, &report)
            self.pong = nil
        case (.upgrade, .client):
            self.pong = nil
        default:
            break
        }
    }

    private func judge(_ ping: Frame, _ session: SessionState, _ report: inout Report) {
        guard let pong = self.pong, let interval = session.pingIntervalNs, let timeout = session.pingTimeoutNs else {
            return
        }
        let waited = ping.at.nanoseconds(since: pong.at)
        let drift = waited.plus(-interval)
        let allowed = max(Int64(clamping: self.share * Double(interval)), self.leastNs)
        let isLate = drift > allowed.plus(session.roundTripNs ?? 0)
        guard isLate || drift < -allowed else { return }
        // The client waits for pings: from the last one counts what it misses.
        let missed = session.heartbeat.lastPing.map { ping.at.nanoseconds(since: $0.at) } ?? 0
        guard missed < interval + timeout + session.slackNs else { return }
        report.add(
            "server ping \(Phrase.duration(waited)) after the client's pong (pingInterval \(Phrase.duration(interval)))",
            frame: ping, severity: isLate ? .warning : .error, over: min(pong.at, ping.at)...ping.at, isTimed: true,
            demotion: ping.flags.contains(.retransmitted) ? .retransmission : nil,
            evidence: Evidence(frames: [pong.frameID, ping.id], measuredNs: waited, allowedNs: interval))
    }
}

extension Int64 {
    /// The whole part of a number; what does not fit becomes the nearest that does.
    fileprivate init(clamping number: Double) {
        self = Int64(exactly: number.rounded(.towardZero)) ?? (number > 0 ? .max : 0)
    }
}
