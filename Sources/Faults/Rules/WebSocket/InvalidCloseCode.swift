import TimelineModel

struct InvalidCloseCode: AnomalyRule {
    static let page = RulePage(
        "ws-close-code-invalid", .webSocket, .error, sides: [.client, .server],
        source: "RFC 6455, sections 5.5.1, 7.4.1 and 7.4.2",
        summary: "A close frame has a code that may not stand in one",
        finds: """
            A close frame with a body of one byte, or with a code of 0 to 999, 1004, 1005, 1006, 1015 or 1016 to 2999.
            """,
        why: """
            1005, 1006 and 1015 are what a program tells itself where no code came; sent, they are an error, and the receiver
            fails the connection with 1002 in place of a clean end.
            """,
        clientFix: "Close with 1000, with 3000 to 4999 for meanings of your own, or without a body.",
        serverFix: "The same.",
        falseAlarms: "1005 and 1006 in a log, or in an event of a library, are local and right.")

    static let codes: Set<Anomaly.Code> = ["websocket.invalid-close"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        // The connection ends with a close frame anyway: that shows nothing.
        report.add(
            fault.detail, at: anomaly.at, frameID: anomaly.frameID,
            evidence: Evidence(frames: anomaly.frameID.map { [$0] } ?? []))
    }
}
