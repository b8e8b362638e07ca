import TimelineModel

struct ConnectMissing: SessionRule {
    private static let wait = Threshold(
        "wait_ms", 10_000, step: 500,
        "how long after the open a session without a CONNECT counts as one, in milliseconds")

    static let page = RulePage(
        "connect-missing", .socketIO, .error, versions: "Socket.IO 5", sides: [.client],
        source: """
            Socket.IO protocol 5, "Connection to a namespace"; socket.io lib/index.ts `connectTimeout`;
            Links2004/arduinoWebSockets#724, #679; socketio/socket.io#3720
            """,
        summary: "The client opened Engine.IO and never asked for a namespace",
        finds: """
            A session of Engine.IO 4 under a path of Socket.IO in which the client sent no CONNECT (`40`) and no other
            message until the end: it lasted 10 s or longer, or the server closed it before, though no pong was due.
            Sessions over polling count from the client's first packet behind the open on.
            """,
        why: """
            Since Socket.IO 3 no namespace is joined by itself, `/` neither. Until the CONNECT is accepted no event goes
            either way, and Node's server closes with an empty close frame when connectTimeout (45 s) is over.
            """,
        clientFix: """
            Send `40` as soon as the open packet (`0{...}`) has come, `40/name,` for another namespace, and wait for
            `40{"sid":...}` before the first event. Clients written for Socket.IO 2 take the connection for granted:
            update them.
            """,
        serverFix: "Where old clients cannot be changed: `allowEIO3: true` lets them in by the old protocol.",
        falseAlarms: """
            Plain Engine.IO applications and custom parsers, whose messages are none of Socket.IO; Engine.IO 3, where
            the root is joined without a word; a client that joins late; a health check that opens and goes away; a capture
            of the server's side alone.
            """,
        thresholds: [wait])

    static let sees: Interest = []

    private let waitNs: Int64

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, session.isClientSeen, !session.hasClientMessage, let open = session.open,
            session.isSocketIO || session.facts.path?.contains("socket.io") == true,
            session.isOnWebSocket || session.firstFromClient != nil
        else { return }
        let lasted = session.lastMoment.nanoseconds(since: open.at)
        let isRefused = self.isClosed(session) && !self.owesPong(session)
        guard lasted >= self.waitNs || isRefused else { return }
        report.add(
            "no CONNECT (40) for any namespace within \(Phrase.duration(lasted)) of the open", at: open.at,
            frameID: open.frameID,
            consequence: isRefused ? .end(by: .server, withinNs: lasted.plus(session.slackNs)) : .none,
            over: ClosedRange(between: open.at, and: session.lastMoment), isTimed: true,
            evidence: Evidence(frames: [open.frameID], measuredNs: lasted, allowedNs: self.waitNs))
    }

    /// The server closed, and for nothing else that the client had sent.
    private func isClosed(_ session: SessionState) -> Bool {
        session.facts.endedBy == .server && session.heartbeat.wrongPings == 0
            && (session.facts.endClass == .webSocketClose || session.facts.endClass == .engineIOClose)
    }

    /// The server closed because a pong was missing.
    private func owesPong(_ session: SessionState) -> Bool {
        guard let ping = session.heartbeat.outstanding, let timeout = session.pingTimeoutNs else { return false }
        return session.lastMoment.nanoseconds(since: ping.at) >= timeout - session.slackNs
    }
}
