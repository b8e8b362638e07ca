import TimelineModel

struct EmptyClose: SessionRule {
    static let page = RulePage(
        "ws-close-empty", .webSocket, .note, sides: [.server, .client],
        source: "RFC 6455, sections 5.5.1 and 7.1.5; engine.io lib/transports/websocket.ts `doClose`",
        summary: "The session was closed by a close frame without code and reason",
        finds: "The first close frame of a session, where its body is empty.",
        why: """
            APIs show it as code 1005. It is how Node's engine.io and the JavaScript client close, whatever the cause
            (the WebSocket library under them adds codes of its own, as 1009): the cause is in the frames before it.
            `sioscope why` looks there.
            """,
        falseAlarms: "It is not a fault. It stands here because the code that an API shows is often taken for one.",
        isBackground: true)

    static let sees: Interest = .webSocketClose

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        // A masked close frame without a body costs 6 bytes; a body of which nothing is known costs more.
        guard session.closes.first == nil, frame.closeCode == nil, frame.sizeBytes == 0, frame.wireBytes <= 6 else {
            return
        }
        report.add(
            "the \(frame.sender) closed with an empty close frame (APIs show 1005)", frame: frame, consequence: .shown)
    }
}
