import TimelineModel

struct PacketAfterDisconnect: SessionRule {
    static let page = RulePage(
        "packet-after-disconnect", .socketIO, .warning, sides: [.client, .server],
        source: "Socket.IO protocol 5, \"Disconnection from a namespace\"; socketio/socket.io#2786",
        summary: "A side sent events on a namespace that it had left itself",
        finds: """
            An event or ack on a namespace behind the same side's DISCONNECT (`41`), without a new CONNECT. Of each
            DISCONNECT the first packet is reported. Packets of a client that are `client-packet-outside-namespace` are
            left to that rule.
            """,
        why: "The other side has forgotten the namespace: what comes is dropped without a word.",
        clientFix: "Stop timers and tasks that emit before you disconnect, or ask for `connected` in them.",
        serverFix: "Send the last event before `disconnect()`, and nothing behind it.",
        falseAlarms: "Packets of the other side that were on their way when the `41` came are no fault.")

    static let sees: Interest = [.events, .acks]

    /// The last DISCONNECTs that were reported.
    private var reported: Set<Int64> = []

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard case .left(let mark, frame.sender) = session.standing,
            frame.sender == .server || (session.isEngineIO3 && frame.namespace == "/"), self.reported.count < 256,
            self.reported.insert(mark.frameID).inserted
        else { return }
        let after = Phrase.duration(frame.at.nanoseconds(since: mark.at))
        report.add(
            "\(Phrase.packet(frame)) on namespace \(Phrase.namespace(frame.namespace)) \(after) after the "
                + "\(frame.sender.rawValue) had left it",
            frame: frame, over: mark.at...max(mark.at, frame.at),
            evidence: Evidence(frames: [mark.frameID, frame.id]))
    }
}
