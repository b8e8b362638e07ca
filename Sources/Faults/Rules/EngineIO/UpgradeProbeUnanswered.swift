import TimelineModel

struct UpgradeProbeUnanswered: SessionRule {
    static let page = RulePage(
        "upgrade-probe-unanswered", .engineIO, .warning, sides: [.server, .middlebox],
        source: "Engine.IO protocol 4, Upgrade; engine.io lib/socket.ts `_maybeUpgrade`; python-socketio#265",
        summary: "The server did not answer the probe of an upgrade",
        finds: """
            No `3probe` within 5 s of the client's `2probe`, while the WebSocket and the session were open.
            """,
        why: """
            The client goes on polling for good, with the delay and the load of one HTTP request a message, and nothing
            reports it.
            """,
        serverFix: """
            Look for what takes the WebSocket and not its messages: a proxy that buffers, or a worker that does not hold
            the session (several workers need sticky sessions for WebSockets too).
            """,
        falseAlarms: "A WebSocket that either side closed within the time, a session that ended, a capture that did.",
        thresholds: [Self.wait])

    static let wait = Threshold("wait_ms", 5000, step: 500, "How long the answer may take, in milliseconds.")

    static let sees: Interest = [.probe, .webSocketClose]

    private let waitNs: Int64
    private var probe: Mark?
    private var connectionID: Int64?

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket else { return }
        if frame.engineIOType == .ping, frame.sender == .client {
            guard self.probe == nil, session.upgrade.upgrade == nil else { return }
            (self.probe, self.connectionID) = (Mark(frame), frame.connectionID)
        } else if frame.connectionID == self.connectionID {
            // The answer, or the end of the WebSocket.
            self.judge(until: frame.at, session, &report)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let socket = self.connectionID.flatMap { session.upgrade.socket(on: $0) }
        self.judge(until: min(session.lastMoment, socket?.closed ?? session.lastMoment), session, &report)
    }

    private mutating func judge(until end: Timestamp, _ session: SessionState, _ report: inout Report) {
        guard let probe = self.probe else { return }
        self.probe = nil
        let waited = end.nanoseconds(since: probe.at)
        guard waited > self.waitNs else { return }
        report.add(
            "no answer to the probe of the upgrade for \(Phrase.duration(waited))", at: probe.at,
            frameID: probe.frameID, over: ClosedRange(between: probe.at, and: probe.at.later(by: self.waitNs)),
            isTimed: true,
            evidence: Evidence(frames: [probe.frameID], measuredNs: waited, allowedNs: self.waitNs))
    }
}
