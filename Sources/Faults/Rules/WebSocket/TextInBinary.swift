import TimelineModel

struct TextInBinary: SessionRule {
    static let page = RulePage(
        "eio-text-in-binary-frame", .webSocket, .error, versions: "Engine.IO 4", sides: [.client],
        source: """
            Engine.IO protocol 4, "WebSocket"; engine.io-parser `decodePacket`; socketio/socket.io#1980
            """,
        summary: "The client sent a packet of text in a binary message",
        finds: """
            A binary message of the client, with `EIO=4` and Socket.IO, that is not an attachment and reads as a packet
            of text: `1`, `2`, `3`, `5`, `6` or `2probe` alone, or `4`, a digit 0 to 6 and then nothing, a digit, `[`,
            `{`, `/` or `"`, without control characters.
            """,
        why: """
            Binary messages carry no packet type: the server takes all of it for the data of a `message`. Node's server
            closes ("got binary data when not reconstructing a packet"), python-socketio logs an error and drops it.
            """,
        clientFix: "Send packets as text messages (opcode 1); only the attachments of binary events are binary.",
        serverFix: "Nothing.",
        falseAlarms: """
            Attachments, messages in MessagePack, binary data of a plain Engine.IO application, and Engine.IO 3, where
            binary messages begin with a type of their own. Sessions whose beginning or bytes are missing are not
            judged: an attachment's header may be what is missing.
            """)

    static let sees: Interest = .otherMessage

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .client, frame.transport == .websocket, frame.opcode == 2, session.isEngineIO4,
            session.facts.completeHead, session.facts.holes == 0, !session.isMessagePack,
            session.isSocketIO || session.facts.path?.contains("socket.io") == true, let bytes = frame.binary,
            Self.isPacket(bytes)
        else { return }
        report.add(
            "the client sent a packet of text (type \(bytes[0] &- UInt8(ascii: "0"))) of \(Phrase.count(frame.sizeBytes, "byte")) in a binary message",
            frame: frame, consequence: .end(by: .server))
    }

    private static func isPacket(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return false }
        switch first {
        case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "5"), UInt8(ascii: "6"):
            return bytes.count == 1 || bytes.elementsEqual("2probe".utf8)
        case UInt8(ascii: "4"):
            guard bytes.count > 1, (UInt8(ascii: "0")...UInt8(ascii: "6")).contains(bytes[1]) else { return false }
            return bytes.count == 2 || "0123456789[{/\"".utf8.contains(bytes[2])
        default:
            return false
        }
    }
}
