import TimelineModel

struct AckDuplicate: SessionRule {
    static let page = RulePage(
        "ack-duplicate", .socketIO, .warning, sides: [.client, .server, .application],
        source:
            "Socket.IO protocol 5, \"Acknowledgement\"; socket.io lib/socket.ts `onack`; python-socketio `_handle_ack`",
        summary: "An event was acked twice",
        finds: """
            An ack under an id that was acked before, and that no event has used again since. The last 256 acks of a
            session are remembered.
            """,
        why: """
            Both libraries pass the second ack over ("bad ack" in the debug log). What it said is lost, and the handler
            that sent it does something twice: often it answers, then fails and answers again with the error.
            """,
        clientFix: "Call the callback of an event once; `return` behind it.",
        serverFix: "The same: one answer on each way through the handler.",
        falseAlarms: """
            An id that was used for a new event meanwhile. Bytes that the capture misses may hold that event: then
            nothing is said.
            """)

    static let sees: Interest = [.acks]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard case .duplicate(let first) = session.acks.meeting else { return }
        let after = Phrase.duration(frame.at.nanoseconds(since: first.at))
        report.add(
            "second \(Phrase.packet(frame)) of the \(frame.sender.rawValue), \(after) after the first", frame: frame,
            over: first.at...max(first.at, frame.at), evidence: Evidence(frames: [first.frameID, frame.id]))
    }
}
