import TimelineModel

struct CloseOverWebSocket: SessionRule {
    static let page = RulePage(
        "eio-close-over-websocket", .engineIO, .warning, sides: [.client, .server],
        source: """
            Engine.IO protocol 4, Closing a connection; engine.io lib/socket.ts `onPacket`, which does not know `close`;
            socket.io#5286 and its repair #5525
            """,
        summary: "A close packet over WebSocket was not honoured",
        finds: """
            A `1` over WebSocket after which its receiver sent something on the same connection more than 1 s later
            (three round trips, where that is longer), although neither had closed the WebSocket in that time.
            """,
        why: """
            Node's server and the JavaScript client ignore a `1` over WebSocket. The session lives on, with all its rooms,
            until the heartbeat fails: the other side believes for that long that the peer is there.
            """,
        clientFix: "Close the WebSocket itself, with a close frame. A `1` before it does no harm.",
        serverFix: "The same.",
        falseAlarms: """
            Clients for Python and Swift send `1` and close the WebSocket right behind it; python-engineio honours a `1`.
            Over polling both sides honour it.
            """,
        thresholds: [Self.kept])

    static let kept = Threshold(
        "kept_ms", 1000, step: 100, "How long the receiver may go on sending behind the packet, in milliseconds.")

    static let sees: Interest = .allFrames

    private let keptNs: Int64
    private var close: (mark: Mark, sender: Sender, connectionID: Int64)?

    init(_ settings: RuleSettings) {
        self.keptNs = settings.nanoseconds(Self.kept)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket else { return }
        if frame.engineIOType == .close, self.close == nil {
            self.close = (Mark(frame), frame.sender, frame.connectionID)
            return
        }
        guard let close = self.close, frame.connectionID == close.connectionID else { return }
        let after = frame.at.nanoseconds(since: close.mark.at)
        guard after > max(self.keptNs, 3 * (session.roundTripNs ?? 0)) else {
            // The receiver honours the packet, or the sender does itself what it asked for.
            if frame.layer == .websocket, frame.opcode == 8 { self.close = nil }
            return
        }
        guard frame.sender != close.sender else { return }
        self.close = nil
        report.add(
            "the \(frame.sender.rawValue) went on for \(Phrase.duration(after)) after a close packet of the "
                + "\(close.sender.rawValue) over WebSocket",
            at: close.mark.at, frameID: close.mark.frameID, consequence: .shown,
            over: ClosedRange(between: close.mark.at, and: frame.at), isTimed: true,
            evidence: Evidence(frames: [close.mark.frameID, frame.id], measuredNs: after, allowedNs: self.keptNs))
    }
}
