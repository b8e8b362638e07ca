import TimelineModel

struct ParserMismatch: SessionRule {
    static let page = RulePage(
        "parser-mismatch", .socketIO, .error, sides: [.client, .server],
        source: "socket.io-msgpack-parser index.js; socketio/socket.io-parser#116",
        summary: "One side writes Socket.IO packets as JSON text, the other as MessagePack",
        finds: """
            Packets of the MessagePack parser (binary messages that are a map beginning with `type`) from one side, and
            text packets of Socket.IO from the other, in one session.
            """,
        why: """
            Neither can read the other: Node's server closes ("got binary data when not reconstructing a packet"), or
            events are dropped without a word.
            """,
        clientFix: "Give the client the same `parser` as the server.",
        serverFix: "Give the server the same `parser` as all its clients; it can have only one.",
        falseAlarms: "Attachments that happen to look like such a map belong to a header that announced them.")

    static let sees: Interest = [.connect, .connectError, .disconnect, .otherMessage]

    private enum Form { case text, messagePack }

    private var forms: [Sender: (form: Form, mark: Mark)] = [:]
    private var isReported = false

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard !self.isReported, self.forms[frame.sender] == nil, let form = self.form(of: frame, session) else {
            return
        }
        self.forms[frame.sender] = (form, Mark(frame))
        guard let other = self.forms[frame.sender.other], other.form != form else { return }
        self.isReported = true
        let names: [Form: String] = [.text: "JSON text", .messagePack: "MessagePack"]
        report.add(
            "the \(frame.sender.rawValue) writes \(names[form] ?? "") and the \(frame.sender.other.rawValue) "
                + "\(names[other.form] ?? "")",
            frame: frame, consequence: .end(by: nil), evidence: Evidence(frames: [other.mark.frameID, frame.id]))
    }

    private func form(of frame: Frame, _ session: SessionState) -> Form? {
        if frame.socketIOType == nil { return Self.looksLikeMessagePack(frame) ? .messagePack : nil }
        // The decoder reads a packet as MessagePack only in a session that it took for one of that parser.
        return session.isMessagePack && frame.opcode != 1 ? .messagePack : .text
    }

    /// A map of few keys that begins with `type`, as the parser writes it. Of binary messages the first bytes are known.
    static func looksLikeMessagePack(_ frame: Frame) -> Bool {
        guard let bytes = frame.binary else { return false }
        return bytes.count > 6 && bytes[0] & 0xF0 == 0x80 && bytes[1...5].elementsEqual([0xA4, 0x74, 0x79, 0x70, 0x65])
    }
}
