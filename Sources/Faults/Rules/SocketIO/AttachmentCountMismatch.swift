import JSONText
import TimelineModel

struct AttachmentCountMismatch: SessionRule {
    static let page = RulePage(
        "attachment-count-mismatch", .socketIO, .error, sides: [.client, .server],
        source: """
            Socket.IO protocol 5, "Packet encoding"; socket.io-parser lib/binary.ts `reconstructPacket`; python-socketio
            packet.py `reconstruct_binary`
            """,
        summary: "The placeholders in a packet do not fit the number of attachments that it announces",
        finds: """
            A packet of type 5 or 6 with a placeholder whose number is not a whole number below the announced number of
            attachments: an error; or with announced attachments that no placeholder stands for: a warning, for Node
            takes that.
            """,
        why: """
            Node's server closes the session ("illegal attachments"). python-socketio keeps the half-built packet, and
            everything that comes on the connection afterwards is swallowed.
            """,
        clientFix: """
            Number the placeholders from 0, each with its own attachment, and announce exactly as many:
            `52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`.
            """,
        serverFix: "The same.",
        falseAlarms: """
            Attachments without a placeholder are harmless to Node. A packet without attachments is
            `attachment-zero`. Packets above 1 MiB of text are not looked into.
            """)

    static let sees: Interest = [.binaryEvent, .binaryAck]

    private static let longest = 1 << 20

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard let announced = frame.attachments, announced > 0, let text = frame.payload,
            text.utf8.count <= Self.longest, let body = try? JSONValue(text)
        else { return }
        var numbers: [Double?] = []
        Self.collect(body, &numbers)
        let bad = numbers.filter { number in
            number.map { $0 < 0 || $0 >= Double(announced) || $0.rounded() != $0 } ?? true
        }
        let used = Set(numbers.compactMap { $0 }).count
        guard !bad.isEmpty || used < announced else { return }
        let what =
            bad.isEmpty
            ? "placeholders for \(used)" : "\(Phrase.count(bad.count, "placeholder")) with a wrong number"
        report.add(
            "\(Phrase.packet(frame)) of the \(frame.sender.rawValue) announces "
                + "\(Phrase.count(announced, "attachment")) and has \(what)",
            frame: frame, severity: bad.isEmpty ? .warning : .error,
            consequence: bad.isEmpty ? .none : .end(by: frame.sender.other))
    }

    /// The numbers of all placeholders; nil for one without a number. As deep as the parser lets a tree be.
    private static func collect(_ value: JSONValue, _ numbers: inout [Double?]) {
        switch value {
        case .array(let values):
            for value in values { self.collect(value, &numbers) }
        case .object(let members):
            guard value["_placeholder"]?.bool == true else {
                for member in members { self.collect(member.value, &numbers) }
                return
            }
            numbers.append(value["num"]?.double)
        default:
            break
        }
    }
}
