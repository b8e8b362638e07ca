import TimelineModel

struct ServerEventBeforeConnectAck: SessionRule {
    static let page = RulePage(
        "server-event-before-connect-ack", .socketIO, .note, versions: "Socket.IO 5", sides: [.server],
        source: "miguelgrinberg/python-socketio#920; socket.io-client lib/socket.ts `onevent`",
        summary: "The server sent an event on a namespace before it had accepted the CONNECT",
        finds: """
            An event of the server on a namespace whose CONNECT it has not answered. Of each CONNECT the first one is
            reported.
            """,
        why: """
            The JavaScript client keeps such events until `40` comes. A client written by hand may drop them, or take
            them for an error.
            """,
        clientFix: "Keep events of a namespace that is not joined yet, and deliver them behind its `40`.",
        serverFix: "Send the first event from the handler of `connect` only where the clients can take that.",
        falseAlarms: """
            It is normal where python-socketio's handler of `connect` emits, and where Node restores the state of a
            connection: a CONNECT with a `pid` is left out.
            """)

    static let sees: Interest = [.events]

    /// The CONNECTs that were reported, so many at most.
    private var reported: Set<Int64> = []

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server, case .requested(let asked) = session.standing,
            session.connects.last(frame.namespace ?? "/")?.asksRecovery != true, self.reported.count < 256,
            self.reported.insert(asked.frameID).inserted
        else { return }
        report.add(
            "\(Phrase.packet(frame)) on namespace \(Phrase.namespace(frame.namespace)) before the server had accepted it",
            frame: frame, over: asked.at...max(asked.at, frame.at),
            evidence: Evidence(frames: [asked.frameID, frame.id]))
    }
}
