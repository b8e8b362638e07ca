import TimelineModel

struct UnmaskedClientFrame: AnomalyRule {
    static let page = RulePage(
        "ws-unmasked-client-frame", .webSocket, .error, sides: [.client, .middlebox],
        source: "RFC 6455, section 5.1; websockets/ws#1681, #1721, #2220",
        summary: "The client sent a WebSocket frame without a mask",
        finds: "A frame of the client whose MASK bit is not set. One finding a connection.",
        why: """
            Clients have to mask each frame; servers fail the connection with code 1002 when one is not. Hand-written clients
            forget it, and proxies that write frames themselves take the wrong side.
            """,
        clientFix: "Set the MASK bit, send four random bytes of key and exclusive-or the payload with them.",
        serverFix: "Nothing, unless the frames come from a proxy of your own.",
        falseAlarms: """
            Which end is the client is known from the request; connections whose beginning the capture lacks, or that miss
            bytes, are not judged.
            """)

    static let codes: Set<Anomaly.Code> = ["websocket.unmasked-client-frame"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report("a frame of the client without a mask", endedBy: .server, &report)
    }
}
