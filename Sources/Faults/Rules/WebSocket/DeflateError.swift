import TimelineModel

struct DeflateError: AnomalyRule {
    static let page = RulePage(
        "ws-deflate-error", .webSocket, .error, sides: [.client, .server],
        source: "RFC 7692, sections 7.2.2 and 8.2",
        summary: "A compressed message could not be inflated",
        finds: """
            A message with RSV1, under an agreed `permessage-deflate`, whose data zlib refuses, where all that was sent
            before it is known.
            """,
        why: """
            The receiver closes with 1007 or 1002. Mostly the two sides disagree on `no_context_takeover`: one forgets
            its window after each message and the other does not.
            """,
        clientFix:
            "Do what the answer's `Sec-WebSocket-Extensions` says for `client_no_context_takeover` and window bits.",
        serverFix: "The same for `server_no_context_takeover`; or switch `perMessageDeflate` off.",
        falseAlarms: """
            After a message that the capture misses all later ones may be unreadable; such a connection is not judged. A
            message too big to be kept is not an error.
            """)

    static let codes: Set<Anomaly.Code> = ["websocket.deflate-error"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        guard let fault = FramingFault(anomaly, capture) else { return }
        fault.report("a compressed message could not be inflated: \(fault.detail)", endedBy: nil, &report)
    }
}
