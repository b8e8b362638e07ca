import TimelineModel

struct ServerOfVersion3: SessionRule {
    static let page = RulePage(
        "eio4-client-on-eio3-server", .http, .error, versions: "Engine.IO 4", sides: [.server],
        source: """
            Engine.IO protocol 4, "Heartbeat" and "Handshake"; Socket.IO protocol 5, "Connection to a namespace";
            googollee/go-socket.io#537, #540
            """,
        summary: "The server took `EIO=4` and then behaved as one of Engine.IO 3",
        finds: """
            A session with `EIO=4` whose open packet lacks `maxPayload`, in which the server sends a CONNECT for the
            root namespace before the client asked for it, and sends no ping from the open on for pingInterval +
            pingTimeout, less the slack (the longest of 200 ms, three round trips and 2 % of pingInterval).
            """,
        why: """
            Under version 4 the server pings; one of version 3 waits for the client to do so. Neither pings, and after
            pingInterval + pingTimeout one of them takes the other for dead: a reconnect every 45 s or 60 s.
            """,
        clientFix: "Use a client of Socket.IO 2 (Engine.IO 3) for this server.",
        serverFix: """
            Update the server to one that speaks Engine.IO 4. Servers that ignore the `EIO` of the URL, as
            googollee/go-socket.io, speak version 3 alone.
            """,
        falseAlarms: """
            Servers of Engine.IO 4 before engine.io 6.2 have no `maxPayload` either, and python-socketio may send events
            before the CONNECT's answer: all three signs have to be there, and the session has to last long enough.
            """)

    static let sees: Interest = [.connect, .ping]

    private var unasked: Mark?
    private var hasPing = false

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server else { return }
        if frame.engineIOType == .ping { self.hasPing = true }
        if frame.socketIOType == .connect, frame.namespace == "/", session.connects.all.isEmpty {
            self.unasked = self.unasked ?? Mark(frame)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, session.facts.maxPayload == nil, let open = session.open,
            let unasked = self.unasked, !self.hasPing, let interval = session.pingIntervalNs,
            let timeout = session.pingTimeoutNs
        else { return }
        let end = session.lastMoment
        let life = end.nanoseconds(since: open.at)
        // A client gives up just then: its end is not late by any slack.
        guard life >= interval + timeout - session.slackNs else { return }
        report.add(
            "under EIO=4 the server connected the root namespace unasked and sent no ping in \(Phrase.duration(life))",
            at: open.at, frameID: open.frameID,
            consequence: .end(by: .client, withinNs: 2 * (interval + timeout) + session.slackNs),
            over: session.facts.opened...max(session.facts.opened, end), isTimed: true,
            evidence: Evidence(
                frames: [open.frameID, unasked.frameID], measuredNs: life, allowedNs: interval + timeout))
    }
}
