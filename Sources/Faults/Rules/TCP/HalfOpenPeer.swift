import TimelineModel

struct HalfOpenPeer: SessionRule {
    static let page = RulePage(
        "half-open-peer", .tcp, .warning, sides: [.client, .server, .middlebox],
        source: "RFC 9293, section 3.5.1; Engine.IO protocol, Heartbeat; 1c3t3a/rust-socketio#358",
        summary: "One side keeps sending and nothing comes back for longer than the heartbeat allows",
        finds: """
            At least two frames of one side over a WebSocket, the last more than pingInterval + pingTimeout and the
            slack (the longest of 200 ms, three round trips and 2 % of pingInterval) after the other side's last frame,
            with no close frame of either and no hole in the capture.
            """,
        why: """
            In a healthy session each side hears from the other within pingInterval + pingTimeout. A side that does not
            is talking to a host that is paused, gone or cut off; TCP keeps such a connection up for minutes, and all
            that is sent meanwhile is lost.
            """,
        clientFix: "Close and connect anew when no ping of the server came for pingInterval + pingTimeout.",
        serverFix: """
            Close when a ping gets no answer within pingTimeout. If the server is the silent side, look for a paused
            process or container, or a blocked event loop.
            """,
        falseAlarms: """
            A capture that holds one direction only: a side of which nothing was ever seen is not judged. A client whose
            host slept is a note.
            """)

    static let sees: Interest = .allFrames

    /// A side that talks into silence.
    private struct Monologue {
        var sender: Sender
        var since: Timestamp
        var frames: Int
        var last: Mark
    }

    private var monologue: Monologue?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket, session.closes.first == nil,
            !(frame.layer == .websocket && frame.opcode == 8)
        else { return self.judge(session, &report) }
        if let monologue, monologue.sender == frame.sender {
            self.monologue?.frames += 1
            self.monologue?.last = Mark(frame)
            return
        }
        self.judge(session, &report)
        let heard = frame.sender == .client ? session.lastFromServer : session.lastFromClient
        self.monologue = heard.map { Monologue(sender: frame.sender, since: $0.at, frames: 1, last: Mark(frame)) }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        self.judge(session, &report)
    }

    private mutating func judge(_ session: SessionState, _ report: inout Report) {
        guard let monologue, let interval = session.pingIntervalNs, let timeout = session.pingTimeoutNs else { return }
        self.monologue = nil
        let silent = monologue.last.at.nanoseconds(since: monologue.since)
        guard monologue.frames >= 2, session.isOnWebSocket, silent > interval + timeout + session.slackNs else {
            return
        }
        report.add(
            "the \(monologue.sender.rawValue) sent \(monologue.frames) frames in \(Phrase.duration(silent)) and nothing "
                + "came back (pingInterval + pingTimeout: \(Phrase.duration(interval + timeout)))",
            at: monologue.last.at, frameID: monologue.last.frameID,
            consequence: .end(by: monologue.sender, withinNs: interval + timeout),
            over: ClosedRange(between: monologue.since, and: monologue.last.at), isTimed: true,
            evidence: Evidence(
                frames: [monologue.last.frameID], measuredNs: silent, allowedNs: interval + timeout,
                [("unanswered_frames", .integer(monologue.frames))]))
    }
}
