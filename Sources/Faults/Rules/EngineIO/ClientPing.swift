import TimelineModel

struct ClientPing: SessionRule {
    static let page = RulePage(
        "eio4-client-ping", .engineIO, .error, versions: "Engine.IO 4", sides: [.client],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io lib/socket.ts `onPacket` (since 4.1.0); socketio/engine.io commit
            663d326
            """,
        summary: "The client sent a ping, but under Engine.IO 4 only the server pings",
        finds: """
            A packet `2` from the client in a session with `EIO=4`, over either transport. Only a `2probe` on a
            WebSocket that was opened with a `sid`, before anything else of the client on it, is the beginning of an
            upgrade and allowed.
            """,
        why: """
            Up to Engine.IO 3 the client pinged; version 4 turned it round. Node's server closes the session at once,
            over WebSocket with an empty close frame (1005 in every API), over polling with a `close` packet, and no
            word why; with a ping timer of 25 s the client flaps every 25 s. python-engineio passes such pings over, so
            that the same client works there.
            """,
        clientFix: """
            Remove the ping timer. Answer each `2` of the server with `3`, and close the connection yourself when no `2`
            has come for pingInterval + pingTimeout.
            """,
        serverFix: "Nothing: the client breaks the protocol.",
        falseAlarms: """
            Sessions of Engine.IO 3, where the client has to ping, also on a server that serves both (`allowEIO3`); a
            session of which the capture misses the beginning is judged once its version is known, from a request or
            from a ping of the server. The probe of an upgrade. WebSocket ping frames (opcode 9) and events named `ping`
            are not Engine.IO pings.
            """)

    static let sees: Interest = [.ping, .probe]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, session.isVersionKnown, frame.sender == .client, frame.engineIOType == .ping,
            !self.isUpgradeProbe(frame, session)
        else { return }
        let since = session.facts.completeHead ? frame.at.nanoseconds(since: session.facts.opened) : nil
        let when = since.map { "\(Phrase.duration($0)) after open " } ?? ""
        report.add(
            "client ping \(when)under EIO=4", frame: frame,
            // What the server closed before was not the answer to this ping.
            consequence: session.closes.server == nil ? .end(by: .server) : .none,
            evidence: Evidence(
                frames: [frame.id], since.map { [("since_open_ms", .milliseconds($0))] } ?? []))
    }

    /// A session that polled first probes each WebSocket that it opens; one that never polled has nothing to probe.
    private func isUpgradeProbe(_ frame: Frame, _ session: SessionState) -> Bool {
        guard frame.isProbe, frame.transport == .websocket else { return false }
        let hasSid =
            session.facts.transports.first == .polling || !session.facts.completeHead
            || session.upgrade.socket(on: frame.connectionID) != nil
        return hasSid && session.upgrade.clientConnectionID != frame.connectionID
    }
}
