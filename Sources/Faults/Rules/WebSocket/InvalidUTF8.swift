import TimelineModel

struct InvalidUTF8: AnomalyRule, SessionRule {
    static let page = RulePage(
        "ws-invalid-utf8", .webSocket, .error, sides: [.client, .server],
        source: "RFC 6455, sections 5.6, 7.4.1 and 8.1; socketio/socket.io#1868, #2732",
        summary: "A text message is not UTF-8",
        finds: """
            A text message, whole and inflated, or the reason of a close frame, that is not valid UTF-8; or a close
            frame with code 1007 where no such message was seen before.
            """,
        why: "The receiver closes with code 1007. Mostly binary data, or text in another encoding, was sent as text.",
        clientFix: "Encode text as UTF-8 and send binary data in binary messages.",
        serverFix: "The same.",
        falseAlarms: "A lone surrogate that JSON writes as `\\udXXX` is valid UTF-8.")

    static let codes: Set<Anomaly.Code> = ["websocket.invalid-utf8"]
    static let sees: Interest = [.anomalies, .webSocketClose]

    private var isKnown = false

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report(fault.detail, endedBy: nil, &report)
    }

    mutating func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        if Self.codes.contains(anomaly.code) { self.isKnown = true }
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.closeCode == 1007, !self.isKnown else { return }
        self.isKnown = true
        report.add(
            "the \(frame.sender) closed with 1007: a message of the \(frame.sender.other) held data that it could not read as text",
            frame: frame, consequence: .shown)
    }
}
