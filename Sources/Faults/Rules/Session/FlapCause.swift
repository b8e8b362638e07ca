import TimelineModel

/// The rule that most likely says why the sessions of a flap end: one that found something in at least half of them and
/// for which the side that ends them is known to end sessions.
struct FlapCause {
    let rule: String
    /// In how many of the sessions it found something.
    let sessions: Int

    /// Of rules that spoke in as many sessions the earlier one is named: the nearer to the wire, the less it is the
    /// consequence of another.
    private static let byServer = [
        "eio4-client-ping", "eio-wrong-direction-pong", "eio-malformed-packet", "message-too-big",
        "sio-malformed-packet",
        "client-packet-outside-namespace", "connect-duplicate", "eio-text-in-binary-frame", "attachment-orphan",
        "attachment-interleaved",
        "namespace-rejected", "pong-missing", "pong-late", "eio3-client-ping-missing", "connect-missing",
    ]
    private static let byClient = [
        "disconnect-with-payload", "sio-version-mismatch", "open-invalid", "eio-malformed-packet",
        "sio-malformed-packet", "server-ping-missed", "eio3-pong-missing", "namespace-rejected", "connect-refused-auth",
    ]

    init?(_ run: [SessionSummary], _ capture: CaptureState) {
        let known =
            switch run.last?.facts.endedBy {
            case .server: Self.byServer
            case .client: Self.byClient
            case nil: Self.byServer + Self.byClient
            }
        // What a client did wrong does not say why the client itself ends sessions.
        let others = run.last?.facts.endedBy == .client ? [] : Reactions.table.keys.sorted()
        var best: (rule: String, sessions: Int)?
        for rule in known + others {
            let sessions = run.count { $0.rules[rule] != nil && Self.fits(rule, $0) }
            if sessions > best?.sessions ?? 0 { best = (rule, sessions) }
        }
        if best == nil {
            let idle = run.count { IdleTimeout.match($0, capture) != nil }
            if idle > 0 { best = ("middlebox-idle-timeout", idle) }
        }
        guard let best, best.sessions * 2 >= run.count else { return nil }
        (self.rule, self.sessions) = best
    }

    /// How long Node's server waits for a CONNECT, and how far from that an end may be.
    private static let connectTimeoutNs: ClosedRange<Int64> = 43_000_000_000...47_000_000_000

    /// Whether the end of a session came when the rule says that it would. A fault that the peer let pass stands in the
    /// session as well.
    private static func fits(_ rule: String, _ session: SessionSummary) -> Bool {
        guard let ended = session.facts.ended else { return false }
        let state = session.state
        let timeout = state.pingTimeoutNs ?? 0
        switch rule {
        case "eio4-client-ping":
            return state.recent.all.contains {
                $0.sender == .client && $0.engineIOType == .ping
                    && ended.nanoseconds(since: $0.at) <= state.reactionNs
            }
        case "pong-missing":
            guard let ping = state.heartbeat.outstanding else { return false }
            return ended.nanoseconds(since: ping.at) >= timeout - state.slackNs
        case "server-ping-missed":
            guard let last = state.heartbeat.lastPing ?? state.open else { return true }
            return ended.nanoseconds(since: last.at) >= (state.pingIntervalNs ?? 0) + timeout - state.slackNs
        case "connect-missing":
            return session.lifeNs.map { Self.connectTimeoutNs.contains($0) } ?? false
        default:
            return true
        }
    }
}
