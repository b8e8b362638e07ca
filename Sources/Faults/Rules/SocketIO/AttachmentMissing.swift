import TimelineModel

struct AttachmentMissing: SessionRule {
    private static let wait = Threshold(
        "wait_ms", 10_000, step: 500, "how long the attachments of a packet may take, in milliseconds")

    static let page = RulePage(
        "attachment-missing", .socketIO, .error, sides: [.client, .server],
        source: "Socket.IO protocol 5, \"Packet encoding\"; socket.io-parser lib/index.ts `BinaryReconstructor`",
        summary: "A packet announced binary attachments that never came",
        finds: """
            A packet of type 5 or 6 (`51-[...]`) that fewer binary messages follow than it announces, though its sender
            went on to send other things: 10 s passed, or the sender ended the session. Where another packet of
            Socket.IO came in between it is `attachment-interleaved`.
            """,
        why: """
            The receiver holds the packet back until all its parts are there: the event is never delivered, without an
            error. The next binary message, of another packet, would be taken for the missing part.
            """,
        clientFix: """
            Send the binary messages right behind their header, as many as it says, and from one thread. Over polling
            they are packets `b...` of the same or the next request.
            """,
        serverFix: "The same. Look for a proxy that drops binary messages, or a limit of their size.",
        falseAlarms: """
            Big attachments on a slow link come late, which is not a fault: only those that never came count. Where the
            other side ended the session or the sender was cut off in the middle, nothing is said.
            """,
        thresholds: [wait])

    static let sees: Interest = []

    private let waitNs: Int64

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    func end(_ session: SessionState, _ report: inout Report) {
        for sender in [Sender.client, .server] {
            let lastFrame = sender == .client ? session.lastFromClient : session.lastFromServer
            guard let awaited = session.attachments[sender], !awaited.isInterrupted, let lastFrame,
                lastFrame.frameID > awaited.last.frameID
            else { continue }
            let waited = lastFrame.at.nanoseconds(since: awaited.last.at)
            let hasLeft = session.facts.completeTail && session.facts.endedBy == sender
            guard waited >= self.waitNs || hasLeft else { continue }
            report.add(
                "\(awaited.missing) of \(Phrase.count(awaited.announced, "attachment")) that the \(sender.rawValue) "
                    + "announced never came",
                at: awaited.header.at, frameID: awaited.header.frameID, consequence: .shown,
                over: ClosedRange(between: awaited.header.at, and: session.lastMoment), isTimed: true,
                evidence: Evidence(
                    frames: [awaited.header.frameID], measuredNs: waited, allowedNs: self.waitNs,
                    [("announced", .integer(awaited.announced)), ("received", .integer(awaited.received))]))
        }
    }
}
