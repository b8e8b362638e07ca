import TimelineModel

struct MaskedServerFrame: AnomalyRule {
    static let page = RulePage(
        "ws-masked-server-frame", .webSocket, .error, sides: [.server],
        source: "RFC 6455, section 5.1; Terreii/andromeda-viewer#18",
        summary: "The server sent a WebSocket frame with a mask",
        finds: "A frame of the server whose MASK bit is set. One finding a connection.",
        why:
            "Servers must not mask. Browsers fail the connection: \"A server must not mask any frames that it sends\".",
        clientFix: "Nothing.",
        serverFix: "Write frames of the server without mask and key.",
        falseAlarms: """
            Which end is the server is known from the request; connections whose beginning the capture lacks, or that miss
            bytes, are not judged.
            """)

    static let codes: Set<Anomaly.Code> = ["websocket.masked-server-frame"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report("a frame of the server with a mask", endedBy: .client, &report)
    }
}
