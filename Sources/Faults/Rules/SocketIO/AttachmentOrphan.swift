import TimelineModel

struct AttachmentOrphan: SessionRule {
    static let page = RulePage(
        "attachment-orphan", .socketIO, .error, sides: [.client, .server],
        source: """
            Socket.IO protocol 5, "Packet encoding"; socket.io-parser lib/index.ts `add`; socketio/socket.io#1980,
            #2517; socketio/socket.io-parser#104
            """,
        summary: "A binary message came that no packet had announced",
        finds: """
            A binary message in a session of Socket.IO while no packet of its sender waits for an attachment.
            """,
        why: """
            Node's server closes the session ("got binary data when not reconstructing a packet"), the JavaScript client
            with `parse error`; python-socketio logs an error and goes on.
            """,
        clientFix: """
            Send text packets as text messages (opcode 1), and binary only behind a header of type 5 or 6 that announces
            it: `socket.emit("name", bytes)` does that. In clients written by hand look for `WriteMessage` or `send`
            with the type for binary.
            """,
        serverFix: "The same.",
        falseAlarms: """
            The MessagePack parser writes each packet as a binary message; plain Engine.IO applications may send what
            they like. A capture that begins later, or misses bytes, may miss the header: then nothing is said.
            """)

    static let sees: Interest = [.anomalies, .otherMessage]

    /// A packet of the MessagePack parser: that is `parser-mismatch`.
    private var messagePack: Int64?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        if ParserMismatch.looksLikeMessagePack(frame) { self.messagePack = frame.id }
    }

    func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard anomaly.code == "socketio.orphan-attachment", let frame = session.recent.frame(anomaly.frameID),
            frame.id != self.messagePack
        else { return }
        report.add(
            "\(Phrase.count(frame.sizeBytes, "binary byte")) of the \(frame.sender.rawValue) that no packet announced",
            at: frame.at, frameID: frame.id, consequence: .end(by: frame.sender.other),
            over: min(session.facts.opened, frame.at)...frame.at, evidence: Evidence(frames: [frame.id]))
    }
}
