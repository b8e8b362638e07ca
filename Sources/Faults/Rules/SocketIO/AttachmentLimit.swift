import TimelineModel

struct AttachmentLimit: SessionRule {
    private static let most = Threshold(
        "most", 10, step: 1, "the number of attachments in one packet that the peer takes")

    static let page = RulePage(
        "attachment-limit", .socketIO, .error, sides: [.client, .server],
        source: "socket.io-parser CHANGELOG 4.2.6, 3.4.4, 3.3.5 (2026-03-17): `maxAttachments`, 10 where it is not set",
        summary: "A packet has more binary attachments than the receiver takes",
        finds: """
            A packet of type 5 or 6 that announces more than 10 attachments, and whose receiver ended the session within
            max(1 s, 3 round trips) of it: an error. Where a Node server goes on after such a packet it is a note: newer
            ones do not.
            """,
        why: """
            Since 2026-03-17 socket.io-parser refuses packets with more than 10 attachments ("too many attachments") and
            closes the session, so that nobody can make it hold back memory. Code that worked breaks with an update.
            """,
        clientFix: "Send fewer buffers in one event: join them, or send several events.",
        serverFix: "Raise the parser's `maxAttachments`, on both ends.",
        falseAlarms: """
            Older parsers and raised limits take more, python-socketio always does: without an end behind it there is
            no error.
            """,
        thresholds: [most])

    static let sees: Interest = [.binaryEvent, .binaryAck]

    private let most: Int
    /// The last such packet of each side; the end may be its doing.
    private var last: [Sender: Frame] = [:]

    init(_ settings: RuleSettings) {
        self.most = settings.count(Self.most)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard let announced = frame.attachments, announced > self.most else { return }
        self.last[frame.sender] = frame
    }

    func end(_ session: SessionState, _ report: inout Report) {
        for frame in self.last.values.sorted(by: { $0.id < $1.id }) {
            let after = session.lastMoment.nanoseconds(since: frame.at)
            let isFatal =
                session.facts.completeTail && session.facts.endedBy == frame.sender.other && after <= session.reactionNs
            guard isFatal || (frame.sender == .client && session.server.kind == .node) else { continue }
            report.add(
                "\(Phrase.packet(frame)) of the \(frame.sender.rawValue) announces \(frame.attachments ?? 0) "
                    + "attachments, and newer parsers of Node take \(self.most)",
                frame: frame, severity: isFatal ? .error : .note, consequence: .end(by: frame.sender.other))
        }
    }
}
