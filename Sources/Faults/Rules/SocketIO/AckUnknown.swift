import TimelineModel

struct AckUnknown: SessionRule {
    static let page = RulePage(
        "ack-unknown", .socketIO, .warning, sides: [.client, .server],
        source:
            "Socket.IO protocol 5, \"Acknowledgement\"; socket.io lib/socket.ts `onack`; python-socketio `_handle_ack`",
        summary: "An ack came for an id that was never asked for",
        finds: """
            An ack without an id, or with one that no event of the other side had in this session and namespace.
            """,
        why: """
            Both libraries pass it over. Whoever sent it has mixed up ids: of another connection, of another namespace,
            or it counts by itself instead of sending back the id of the event.
            """,
        clientFix: "Answer with the id of the event: `42/name,12[...]` is answered with `43/name,12[...]`.",
        serverFix: "The same; an id belongs to one connection and one namespace.",
        falseAlarms: """
            The event may lie before the capture, where it misses bytes, or on the side that it does not hold: then
            nothing is said. The ids of Node's server are shared by all clients of a namespace and jump, but each event
            is seen on its own connection.
            """)

    static let sees: Interest = [.acks]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        let asker = frame.sender == .client ? session.lastFromServer : session.firstFromClient
        guard case .unknown = session.acks.meeting, asker != nil else { return }
        report.add(
            "\(Phrase.packet(frame)) of the \(frame.sender.rawValue) on namespace \(Phrase.namespace(frame.namespace)), "
                + "for which no event had asked",
            frame: frame, over: min(session.facts.opened, frame.at)...frame.at)
    }
}
