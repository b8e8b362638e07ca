import TimelineModel

struct MalformedPacket: SessionRule {
    static let page = RulePage(
        "eio-malformed-packet", .engineIO, .error, sides: [.client, .server],
        source: """
            Engine.IO protocol 3 and 4, Packet encoding and Payload encoding; engine.io-parser `decodePacket`;
            python-socketio#1111
            """,
        summary: "What should be an Engine.IO packet is not one",
        finds: """
            A text message or a piece of a polling payload that is empty, does not begin with a digit from 0 to 6, or
            begins with `b` and goes on with what is no base64; and a polling body that cannot be cut into packets. A
            wrong length of Engine.IO 3 is `eio3-length-mismatch`.
            """,
        why: """
            Node's server closes the session with `parse error`: over WebSocket with an empty close frame; over polling
            it answers the POST with 200 and the next poll with 400. python-engineio passes some over and drops the
            connection for others. The JavaScript client closes with `transport error`.
            """,
        clientFix: """
            Send `4` and the data for a message; nothing that is not a packet, no keep-alive texts, no empty messages.
            Binary data goes as a binary message, over polling as `b` and base64.
            """,
        serverFix: "The same. Look for a second library or a proxy that writes into the stream.",
        falseAlarms: """
            Binary messages under Engine.IO 4 have no type and are never malformed. Messages next to missing bytes,
            which may have been cut, are not judged, nor are bodies in the form of the other version
            (`eio-version-mismatch-wire`), nor sessions of which neither the beginning nor the version is known.
            """)

    static let sees: Interest = [.undecoded, .anomalies]

    private var last: (frameID: Int64, sender: Sender, transport: Transport)?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        let isJudged = !frame.flags.contains(.afterGap) && !self.hasLength(frame)
        self.last = isJudged ? (frame.id, frame.sender, frame.transport) : nil
    }

    /// A polling payload of version 3 under version 4, cut where it should not be: `eio-version-mismatch-wire`.
    private func hasLength(_ frame: Frame) -> Bool {
        guard frame.transport == .polling, let payload = frame.payload else { return false }
        let digits = payload.prefix(8).prefix { $0.isASCII && $0.isNumber }
        return payload.dropFirst(digits.count).hasPrefix(":")
    }

    func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard session.isVersionKnown else { return }
        switch anomaly.code {
        case "engineio.malformed-packet":
            guard let last = self.last, last.frameID == anomaly.frameID else { return }
            report.add(
                "malformed packet of the \(last.sender.rawValue): \(Phrase.detail(anomaly))", at: anomaly.at,
                frameID: last.frameID, consequence: .end(by: last.sender.other),
                // Behind a loss an answer may be taken for that to another request. A WebSocket frame stands for itself.
                over: last.transport == .polling ? anomaly.at...anomaly.at : nil,
                evidence: Evidence(frames: [last.frameID]))
        case "engineio.malformed-payload" where !anomaly.detail.contains("as in Engine.IO 4"):
            report.add(
                "malformed polling payload: \(Phrase.detail(anomaly))", at: anomaly.at, consequence: .end(by: nil),
                over: anomaly.at...anomaly.at)
        default:
            break
        }
    }
}
