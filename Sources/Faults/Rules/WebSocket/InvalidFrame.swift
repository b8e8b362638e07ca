import TimelineModel

struct InvalidFrame: AnomalyRule {
    static let page = RulePage(
        "ws-control-frame-invalid", .webSocket, .error, sides: [.client, .server],
        source: "RFC 6455, sections 5.2, 5.4 and 5.5",
        summary: "A WebSocket frame that the specification does not allow",
        finds: """
            A control frame (close, ping, pong) of more than 125 bytes or without FIN; an opcode from 3 to 7 or from 11 to 15;
            a continuation where no message is begun; a new message before the last one had its final frame; a length with
            its highest bit set.
            """,
        why: "The receiver fails the connection with code 1002. Only hand-written senders and broken proxies do it.",
        clientFix: "Keep the reason of a close to 123 bytes, and send the fragments of a message one after the other.",
        serverFix: "The same.",
        falseAlarms: """
            Control frames between the fragments of a message are right. Where bytes are missing frames may be cut wrongly;
            such a connection is not judged.
            """)

    static let codes: Set<Anomaly.Code> = [
        "websocket.invalid-control-frame", "websocket.reserved-opcode", "websocket.orphan-continuation",
        "websocket.unfinished-message", "websocket.invalid-length",
    ]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report("a frame that RFC 6455 does not allow: \(fault.detail)", endedBy: nil, &report)
    }
}
