import TimelineModel

struct VersionMismatch: SessionRule, CaptureRule {
    static let page = RulePage(
        "eio-version-mismatch-wire", .http, .error, sides: [.client, .server],
        source: """
            Engine.IO protocol 4, "Payload"; protocol 3, "Encoding", "Payload"; graarh/golang-socketio#59
            """,
        summary: "One side writes polling payloads of Engine.IO 3, the other of Engine.IO 4",
        finds: """
            Under `EIO=4` a payload that begins like one of version 3: digits, a colon and a packet type (`6:4hello`), or
            the binary form with its length behind a byte 0 or 1. Under version 3 a payload without lengths whose packets
            stand apart by the byte 0x1E, as in version 4. Also an answer of the first kind to a handshake with `EIO=4`.
            """,
        why: """
            Both forms are text and are told apart by the version of the session alone: the other side finds no packet in
            it, drops the messages or closes the session.
            """,
        clientFix:
            "Use client and server of the same generation: Socket.IO 2 is Engine.IO 3, Socket.IO 3 and 4 are Engine.IO 4.",
        serverFix:
            "A server that ignores the `EIO` of the URL is of an old generation: update it, or use an old client.",
        falseAlarms: """
            Bodies of errors are not payloads. A text of digits that an application sends stands behind its packet type.
            """)

    static let sees: Interest = [
        .undecoded, .open, .engineIOClose, .ping, .pong, .upgrade, .noop, .otherMessage, .anomalies,
    ]

    /// A session has one finding for each sender; the rest are more of the same.
    private var told: Set<Sender> = []
    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        // Read as version 4, a length that begins with 0 to 6 looks like a packet type. A message of an application's own
        // may well begin with a colon, one of Socket.IO may not.
        guard session.isEngineIO4, frame.transport == .polling, let payload = frame.payload,
            frame.engineIOType != .message || session.isSocketIO,
            Self.isVersion3((frame.engineIOType.map { "\($0.rawValue)" } ?? "") + payload.prefix(64)),
            self.told.insert(frame.sender).inserted
        else { return }
        report.add(
            "a polling payload of the \(frame.sender) in the form of Engine.IO 3 under EIO=4", frame: frame,
            consequence: .end(by: frame.sender.other))
    }

    mutating func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO3, anomaly.code == "engineio.malformed-payload",
            anomaly.detail.contains("as in Engine.IO 4"), self.told.isEmpty
        else { return }
        self.told.insert(.client)
        report.add(
            "a polling payload in the form of Engine.IO 4 in a session of Engine.IO 3", at: anomaly.at,
            consequence: .end(by: nil))
    }

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.sessionID == nil, exchange.status == 200, let body = exchange.errorBody else { return }
        let target = RequestTarget(exchange.target)
        guard target.isHandshake, target.eio == "4", Self.isVersion3(body) else { return }
        self.groups.add(exchange, path: target.path, capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            report.add(
                "the server answered a handshake with EIO=4 in the form of Engine.IO 3\(group.times)", at: group.at,
                consequence: .shown, evidence: group.evidence())
        }
    }

    /// `<digits>:<packet type>`, or a byte 0 or 1, digits as byte values and 0xFF (which repair made U+FFFD).
    private static func isVersion3(_ text: String) -> Bool {
        var rest = Substring(text).unicodeScalars
        guard let first = rest.first else { return false }
        if first.value <= 1 {
            rest.removeFirst()
            let length = rest.prefix { $0.value <= 9 }
            return !length.isEmpty && rest.dropFirst(length.count).first?.value == 0xFFFD
        }
        let length = rest.prefix { ("0"..."9").contains($0) }
        guard !length.isEmpty else { return false }
        rest.removeFirst(length.count)
        guard rest.popFirst() == ":", let type = rest.first else { return false }
        return ("0"..."6").contains(type) || type == "b"
    }
}
