import TimelineModel

struct CloseUnanswered: SessionRule {
    static let patience = Threshold(
        "patience_ms", 5000, step: 100, "How long the answer to a close frame may take.")

    static let page = RulePage(
        "ws-close-unanswered", .webSocket, .warning, sides: [.client, .server],
        source: "RFC 6455, sections 5.5.1 and 7.1.1; websockets/ws lib/websocket.js, close timer of 30 s",
        summary: "A close frame was not answered although the other side was still there",
        finds: """
            A close frame of one side, and more than 5 s later a frame of the other side on the same connection, which
            in all that time sent no close frame.
            """,
        why: """
            Whoever gets a close frame has to answer with one. The side that closed waits: Node's `ws` for 30 s, then it
            cuts the connection. Meanwhile the other side talks to nobody.
            """,
        clientFix: "Read close frames: answer with the same code, then stop sending.",
        serverFix: "The same.",
        falseAlarms: """
            A side that went silent may be gone: only one that goes on sending is proven to be there. A host that slept
            makes it a note.
            """,
        thresholds: [patience])

    static let sees: Interest = .allFrames

    private let patienceNs: Int64
    private var told: Set<Int64> = []

    init(_ settings: RuleSettings) {
        self.patienceNs = settings.nanoseconds(Self.patience)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket, let close = session.closes[frame.sender.other],
            close.connectionID == frame.connectionID
        else { return }
        let after = frame.at.nanoseconds(since: close.mark.at)
        guard after > self.patienceNs,
            session.closes[frame.sender].map({ $0.connectionID != frame.connectionID }) ?? true,
            self.told.count < 64, self.told.insert(frame.connectionID).inserted
        else { return }
        report.add(
            "the \(frame.sender) had not answered the close frame \(Phrase.duration(after)) later and still sent",
            at: close.mark.at, frameID: close.mark.frameID, consequence: .shown,
            over: ClosedRange(between: close.mark.at, and: frame.at),
            isTimed: true,
            evidence: Evidence(frames: [close.mark.frameID, frame.id], measuredNs: after, allowedNs: self.patienceNs))
    }
}
