import TimelineModel

struct AckIDReused: SessionRule {
    static let page = RulePage(
        "ack-id-reused", .socketIO, .warning, sides: [.client, .server],
        source: "Socket.IO protocol 5, \"Acknowledgement\"; socket.io-client lib/socket.ts `emit`",
        summary: "An event has the ack id of another one that still waits for its ack",
        finds: """
            A second event of the same side, namespace and session with an ack id under which an event was sent before
            that has no ack yet.
            """,
        why: """
            The ids are all that tells two answers apart. The first ack settles one of the two events, the second is
            passed over: a callback runs with the answer to another question.
            """,
        clientFix: "Count ids up, one for each event that asks for an ack, and never back.",
        serverFix: "The same.",
        falseAlarms: """
            An id may come again once it was answered or the namespace was left. The ids of Node's server jump, but they
            do not repeat. A retry has a new id.
            """)

    static let sees: Interest = [.events]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard case .reused(let first) = session.acks.meeting else { return }
        let id = frame.ackID ?? 0
        let after = Phrase.duration(frame.at.nanoseconds(since: first.at))
        report.add(
            "\(Phrase.packet(frame)) of the \(frame.sender.rawValue) reuses ack id \(id), which has waited for its "
                + "ack for \(after)",
            frame: frame, over: first.at...max(first.at, frame.at),
            evidence: Evidence(frames: [first.frameID, frame.id]))
    }
}
