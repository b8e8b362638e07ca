import TimelineModel

struct ReservedBits: AnomalyRule {
    static let page = RulePage(
        "ws-rsv-without-extension", .webSocket, .error, sides: [.client, .server, .middlebox],
        source: """
            RFC 6455, section 5.2; RFC 7692, sections 6 and 6.1; websockets/ws#1315; TooTallNate/Java-WebSocket#1093
            """,
        summary: "A frame has a reserved bit that no agreed extension gives a meaning",
        finds: """
            RSV1 on a frame where the 101 agreed on no `permessage-deflate`; RSV1 on a continuation or a control frame; RSV2
            or RSV3 on any frame.
            """,
        why: """
            The receiver fails the connection with code 1002 ("RSV1 must be clear"). One side compresses and the other never
            agreed, often because a proxy took `Sec-WebSocket-Extensions` out of the answer.
            """,
        clientFix: "Compress only where the answer's `Sec-WebSocket-Extensions` says so.",
        serverFix: "The same; let proxies pass the header on, or switch `perMessageDeflate` off.",
        falseAlarms: """
            HTTP in the stream sets the same bits and is `http-text-inside-websocket`. Without the 101, or where bytes are
            missing, nothing is judged.
            """)

    static let codes: Set<Anomaly.Code> = ["websocket.reserved-bits"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report("a frame with \(fault.detail)", endedBy: nil, &report)
    }
}
