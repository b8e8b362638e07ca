import TimelineModel

struct SIOMalformedPacket: SessionRule {
    static let page = RulePage(
        "sio-malformed-packet", .socketIO, .error, sides: [.client, .server],
        source: """
            Socket.IO protocol 5, "Packet encoding"; socket.io-parser lib/index.ts `decodeString`, `isPayloadValid`;
            socketio/socket.io#4830
            """,
        summary: "A message is not a Socket.IO packet",
        finds: """
            A type above 6, a number of attachments that is none, an ack id that does not fit, bad JSON, JSON of a kind
            that the type does not allow (`42{}`, `42[]`, `43{}`, `40[...]`), or a DISCONNECT of the client with a
            payload; in a session in which a packet of Socket.IO was read, or that the other side ended at once.
            """,
        why: """
            Node's server closes the session with an empty close frame and no word why; the JavaScript client with
            `parse error`. python-socketio logs an exception and goes on: the packet is lost.
            """,
        clientFix: """
            Write packets with the library's encoder; by hand: the type, `/name,` where it is not the root, the ack id,
            then the JSON, an array with the event's name first.
            """,
        serverFix: "The same; look for a proxy or middleware that writes into the stream.",
        falseAlarms: """
            Custom parsers write packets of their own: a session without any packet that could be read is left alone. A
            bare `42`, which Node accepts, is left alone too.
            """)

    static let sees: Interest = [.anomalies, .disconnect, .otherMessage]

    /// A CONNECT whose fault has a rule of its own.
    private var badName: Int64?
    /// What could not be read before anything could: it may be another parser.
    private var waiting: [(frame: RecentFrame, detail: String)] = []

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        if frame.socketIOType == nil {
            if NamespaceSyntax.fault(ofMalformed: frame, session) != nil { self.badName = frame.id }
            return
        }
        guard frame.sender == .client, frame.payload != nil else { return }
        report.add(
            "DISCONNECT of the client for namespace \(Phrase.namespace(frame.namespace)) with a payload", frame: frame,
            consequence: .end(by: .server))
    }

    mutating func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        // A binary message that is no packet: of another parser.
        guard anomaly.code == "socketio.malformed-packet", !session.isMessagePack,
            let frame = session.recent.frame(anomaly.frameID), frame.id != self.badName, self.waiting.count < 256
        else { return }
        self.waiting.append((frame, anomaly.detail))
        guard session.hasSocketIOPacket else { return }
        self.flush(&report)
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let isFatal = self.waiting.last.map { last in
            session.facts.completeTail && session.facts.endedBy == last.frame.sender.other
                && session.lastMoment.nanoseconds(since: last.frame.at) <= session.reactionNs
        }
        guard session.hasSocketIOPacket || isFatal == true else { return }
        self.flush(&report)
    }

    private mutating func flush(_ report: inout Report) {
        for (frame, detail) in self.waiting {
            report.add(
                "the \(frame.sender.rawValue) sent a message that is not a Socket.IO packet: "
                    + Phrase.plain(detail, limit: 200), at: frame.at,
                frameID: frame.id, consequence: .end(by: frame.sender.other), evidence: Evidence(frames: [frame.id]))
        }
        self.waiting = []
    }
}
