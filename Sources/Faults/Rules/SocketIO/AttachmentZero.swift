import TimelineModel

struct AttachmentZero: SessionRule {
    static let page = RulePage(
        "attachment-zero", .socketIO, .error, sides: [.client, .server],
        source: "socket.io-parser lib/index.ts `add`, where the reconstructor of such a packet stays",
        summary: "A binary packet announces no attachments",
        finds: "A packet of type 5 or 6 with a 0 as number of attachments: `50-[...]`, `60-[...]`.",
        why: """
            Node delivers it and goes on waiting: the next text packet of the connection breaks with "got plaintext data
            when reconstructing a packet" and the session is closed. python-socketio waits for an attachment that does
            not come.
            """,
        clientFix: "Send packets without binary as type 2 (event) or 3 (ack).",
        serverFix: "The same.",
        falseAlarms: "None known; a peer that takes it makes the finding latent.")

    static let sees: Interest = [.binaryEvent, .binaryAck, .event, .ack, .connect, .disconnect]

    /// Of each side the packet that waits for the next text packet, which is what breaks.
    private var waiting: [Sender: Frame] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        if !self.waiting.isEmpty, let zero = self.waiting.removeValue(forKey: frame.sender) {
            let next = frame.at.nanoseconds(since: zero.at)
            self.report(zero, within: max(0, next).plus(session.reactionNs), &report)
        }
        if frame.attachments == 0 { self.waiting[frame.sender] = frame }
    }

    func end(_ session: SessionState, _ report: inout Report) {
        for zero in self.waiting.values.sorted(by: { $0.id < $1.id }) {
            self.report(zero, within: session.reactionNs, &report)
        }
    }

    private func report(_ frame: Frame, within: Int64, _ report: inout Report) {
        report.add(
            "\(Phrase.packet(frame)) of the \(frame.sender.rawValue) is marked as binary and announces 0 attachments",
            frame: frame, consequence: .end(by: frame.sender.other, withinNs: within))
    }
}
