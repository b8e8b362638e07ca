import TimelineModel

struct UpgradeIncomplete: SessionRule {
    static let page = RulePage(
        "upgrade-incomplete", .engineIO, .warning, sides: [.client, .server],
        source: """
            Engine.IO protocol 4, Upgrade; engine.io lib/socket.ts `_maybeUpgrade` with `upgradeTimeout`;
            engine.io-client#18; python-engineio PR #76
            """,
        summary: "An upgrade was begun and not finished",
        finds: """
            A `3probe` of the server that no `5` of the client follows: the server closed the probing WebSocket while the
            session went on for more than 1 s, or 10 s passed (the server's `upgradeTimeout`) and it stayed open.
            """,
        why: """
            The session goes on polling, with the delay and the load of one HTTP request a message, and nothing reports
            it.
            """,
        clientFix: """
            Behind the `3probe` wait for the pending poll to be answered, begin no new one, then send `5` over the
            WebSocket.
            """,
        serverFix: "Answer the pending poll with `6` as soon as the `3probe` is sent: the client waits for that.",
        falseAlarms: """
            A client that closes the WebSocket itself has thought better of it; a session or a capture that ends meanwhile
            says nothing. `upgradeTimeout` may be set to another time.
            """,
        thresholds: [Self.timeout])

    static let timeout = Threshold(
        "upgrade_timeout_ms", 10_000, step: 500, "The server's upgradeTimeout, in milliseconds.")

    static let sees: Interest = [.probe, .upgrade, .webSocketClose]

    private let timeoutNs: Int64
    private var answer: Mark?
    private var connectionID: Int64?
    /// The server closed the WebSocket.
    private var refused: Mark?
    /// The client closed it, when the time was over.
    private var left: Mark?

    init(_ settings: RuleSettings) {
        self.timeoutNs = settings.nanoseconds(Self.timeout)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.pong, .server)
        where session.upgrade.probe != nil && session.upgrade.upgrade == nil && self.refused == nil
            // A client that had closed the WebSocket already has thought better of it.
            && session.closes[.client]?.connectionID != frame.connectionID:
            (self.answer, self.connectionID) = (Mark(frame), frame.connectionID)
        case (.upgrade, .client):
            (self.answer, self.refused, self.left) = (nil, nil, nil)
        case (nil, let sender) where frame.connectionID == self.connectionID && self.refused == nil:
            self.noteClose(frame, by: sender)
        default:
            break
        }
    }

    /// A client that gives the upgrade up in time may; one that only closes when the time is over has let it run out.
    private mutating func noteClose(_ frame: Frame, by sender: Sender) {
        guard let answer = self.answer, self.left == nil else { return }
        if sender == .server {
            self.refused = Mark(frame)
        } else if frame.at.nanoseconds(since: answer.at) <= self.timeoutNs {
            self.answer = nil
        } else {
            self.left = Mark(frame)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        guard let answer = self.answer, let connectionID = self.connectionID else { return }
        let closed = session.upgrade.socket(on: connectionID)?.closed ?? session.lastMoment
        let until = min(session.lastMoment, self.refused?.at ?? self.left?.at ?? closed)
        let waited = until.nanoseconds(since: answer.at)
        if self.refused != nil {
            guard session.lastMoment.nanoseconds(since: until) > session.reactionNs else { return }
        } else {
            guard waited > self.timeoutNs else { return }
        }
        // A poll that the server left hanging holds the client back.
        let isHeld = session.polls.waited(over: answer.at...max(answer.at, until))
        report.add(
            "no upgrade packet for \(Phrase.duration(waited)) after the answer to the probe"
                + (isHeld ? ", with a poll that the server did not answer" : "")
                + (self.refused == nil ? "" : "; the server closed the WebSocket"),
            at: answer.at, frameID: answer.frameID, consequence: self.refused == nil ? .none : .shown,
            over: answer.at...max(answer.at, until), isTimed: true,
            evidence: Evidence(
                frames: [answer.frameID] + (self.refused.map { [$0.frameID] } ?? []), measuredNs: waited,
                allowedNs: self.timeoutNs, [("poll_left_pending", .bool(isHeld))]))
    }
}
