import TimelineModel

struct DataAfterClose: SessionRule {
    static let page = RulePage(
        "ws-data-after-close", .webSocket, .warning, sides: [.client, .server],
        source: "RFC 6455, section 5.5.1",
        summary: "A side sent messages after its own close frame",
        finds: """
            A message on a WebSocket behind a close frame of the same sender. One finding a session and sender, with how many
            there were.
            """,
        why: "Nothing may follow a close frame: the receiver passes it over, and what was sent is lost.",
        clientFix: "Send what waits before the close frame, and nothing after it.",
        serverFix: "The same.",
        falseAlarms: "What the other side sends before it has seen the close frame is right.")

    static let sees: Interest = [.engineIO, .webSocketData]
    static let tellsAbsences = true

    private struct Late {
        var first: Mark
        var sender: Sender
        var after: Int64
        var count: Int
    }

    private var late: [Late] = []

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.transport == .websocket, let close = session.closes[frame.sender],
            close.connectionID == frame.connectionID
        else { return }
        if let index = self.late.firstIndex(where: { $0.sender == frame.sender }) {
            self.late[index].count += 1
        } else {
            let after = frame.at.nanoseconds(since: close.mark.at)
            self.late.append(Late(first: Mark(frame), sender: frame.sender, after: after, count: 1))
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        for late in self.late {
            report.add(
                "the \(late.sender) sent \(Phrase.count(late.count, "message")) after its close frame, the first "
                    + "\(Phrase.later(late.after))",
                at: late.first.at, frameID: late.first.frameID, consequence: .shown,
                evidence: Evidence(frames: [late.first.frameID], [("count", .integer(late.count))]))
        }
    }
}
