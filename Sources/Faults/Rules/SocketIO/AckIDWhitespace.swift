import TimelineModel

struct AckIDWhitespace: SessionRule {
    static let page = RulePage(
        "ack-id-whitespace", .socketIO, .warning, sides: [.client],
        source: "socket.io-parser lib/index.ts `decodeString`: `Number(\" \")` is 0",
        summary: "White space stands before the payload, and Node's server reads it as ack id 0",
        finds: """
            An event or ack of the client with a blank or line break between its type or namespace and the JSON, and no
            ack id.
            """,
        why: """
            Where an id may stand, the parser of Node takes white space for the number 0. It answers an event with
            `430[...]`, which nobody asked for, and hands its handler a callback; an ack settles the event with id 0.
            """,
        clientFix: "Write the JSON without white space in front: `42[\"name\",...]`.",
        serverFix: "Nothing.",
        falseAlarms: "python-socketio reads it as it was meant. Behind an id, and inside the JSON, it does no harm.")

    static let sees: Interest = [.anomalies]

    init(_ settings: RuleSettings) {}

    func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard anomaly.code == "socketio.space-before-payload", let frame = session.recent.frame(anomaly.frameID),
            frame.sender == .client, frame.ackID == nil
        else { return }
        let what: String
        switch frame.socketIOType {
        case .event, .binaryEvent: what = Phrase.event(session.recent.event(of: frame.id))
        case .ack, .binaryAck: what = "ack"
        default: return
        }
        report.add(
            "\(what) of the client with white space before its payload, which Node's server reads as ack id 0",
            at: frame.at, frameID: frame.id, evidence: Evidence(frames: [frame.id]))
    }
}
