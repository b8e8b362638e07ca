import TimelineModel

struct OpenMissing: SessionRule, CaptureRule {
    static let page = RulePage(
        "open-missing", .engineIO, .error, sides: [.server],
        source: "Engine.IO protocol 4, Handshake; engine.io lib/socket.ts `onOpen`; socket.io-client `timeout` of 20 s",
        summary: "The server accepted a WebSocket and did not begin the session with an open packet",
        finds: """
            A WebSocket without a `sid` that was accepted with 101, on which the server's first packet was not `0` and a
            JSON object, or on which nothing came from the server for 20 s.
            """,
        why: """
            The open packet carries the sid and the heartbeat's times; no client goes on without it. The JavaScript
            client waits for its `timeout` of 20 s and fails.
            """,
        serverFix: """
            Check that the path is that of an Engine.IO server and not of a plain WebSocket handler, and that no second
            handler takes the upgrade first.
            """,
        falseAlarms: """
            A HAR or a hook log, which need not hold every message, and a capture that misses the handshake or bytes
            behind it is not judged, nor a connection that ended earlier. Over polling an answer that is not an open
            packet is `not-a-socketio-endpoint`.
            """,
        thresholds: [Self.wait])

    static let wait = Threshold(
        "wait_ms", 20_000, step: 1000, "How long a client waits for the open packet, in milliseconds.")

    static let sees: Interest = .exchanges

    private let waitNs: Int64
    /// When the handshake of the session that is looked at was answered.
    private var accepted: Timestamp?
    /// Of the capture: handshakes whose connection may have stayed silent, the first so many.
    private var handshakes: [(connectionID: Int64, sessionID: Int64?, accepted: Timestamp)] = []
    private static let limit = 1024

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    private static func isHandshake(_ exchange: ExchangeFacts) -> Bool {
        let target = RequestTarget(exchange.target)
        return exchange.status == 101 && target.isWebSocket && target.eio != nil && target.sid == nil
    }

    // MARK: The first packet was another one

    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        if self.accepted == nil, Self.isHandshake(exchange) { self.accepted = exchange.responded }
    }

    func end(_ session: SessionState, _ report: inout Report) {
        guard let accepted = self.accepted, let first = session.firstPacketFromServer, first != session.open else {
            return
        }
        report.add(
            "the server's first packet is not an open packet", at: first.at, frameID: first.frameID,
            over: min(accepted, first.at)...first.at, evidence: Evidence(frames: [first.frameID]))
    }

    // MARK: Nothing came

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard Self.isHandshake(exchange), let accepted = exchange.responded, self.handshakes.count < Self.limit,
            exchange.sessionID.map({ capture.sessions[$0]?.completeHead == false }) ?? true
        else { return }
        self.handshakes.append((exchange.connectionID, exchange.sessionID, accepted))
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        // A HAR of Firefox, for one, holds no messages.
        guard [.pcap, .live, .proxy].contains(capture.facts.kind) else { return }
        let silent = Set(sessions.filter { $0.state.lastFromServer == nil }.map(\.facts.id))
        for handshake in self.handshakes where handshake.sessionID.map(silent.contains) ?? true {
            guard let connection = capture.connections[handshake.connectionID], connection.missingBytes == 0,
                connection.undecodedBytes == 0, let end = connection.closed ?? capture.facts.ended
            else { continue }
            let waited = end.nanoseconds(since: handshake.accepted)
            guard waited >= self.waitNs else { continue }
            report.add(
                "no packet of the server for \(Phrase.duration(waited)) since it accepted the WebSocket",
                at: handshake.accepted, consequence: .shown,
                over: ClosedRange(between: handshake.accepted, and: end), isTimed: true,
                evidence: Evidence(frames: [], measuredNs: waited, allowedNs: self.waitNs),
                sessionID: handshake.sessionID)
        }
    }
}
