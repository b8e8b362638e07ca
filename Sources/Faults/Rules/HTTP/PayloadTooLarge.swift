import TimelineModel

struct PayloadTooLarge: CaptureRule {
    static let page = RulePage(
        "polling-payload-too-large", .http, .error, sides: [.client, .application],
        source: """
            Engine.IO protocol 4, "Handshake" (maxPayload); engine.io lib/transports/polling.ts `onDataRequest`; RFC 9110,
            section 15.5.14
            """,
        summary: "The client posted more at once than the server takes",
        finds: "A POST whose body has more bytes than the `maxPayload` of the open packet, or that is answered 413.",
        why: """
            Node's server answers 413 and the session lives on: what was in the body is lost and nothing tells the
            application. python-engineio does not answer at all and drops the session. A 413 to a body within `maxPayload`
            comes from something in between.
            """,
        clientFix: """
            Cut what waits into payloads of at most `maxPayload` bytes (a byte for each 0x1E counts, and base64 makes binary
            a third larger); send big data in pieces or outside Socket.IO.
            """,
        serverFix:
            "Raise `maxHttpBufferSize` (Node) or `max_http_buffer_size` (Python), and the body limit of proxies.",
        falseAlarms:
            "Sizes are those on the wire; a server may allow more than it says, and the finding is latent then.")

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.method == "POST" else { return }
        let limit = exchange.sessionID.flatMap { capture.sessions[$0]?.maxPayload }
        let isOver = limit.map { exchange.requestBytes > $0 } ?? false
        let isRefused = exchange.status == 413
        guard isOver || isRefused else { return }
        let allowed = limit.map { " (maxPayload \($0))" } ?? ""
        report.add(
            "a POST of \(exchange.requestBytes) bytes\(allowed)" + (isRefused ? " was refused with 413" : ""),
            at: exchange.requestEnded ?? exchange.requested, consequence: isRefused ? .shown : .end(by: .server),
            evidence: Evidence([
                ("exchange", .integer(exchange.id)), ("measured_bytes", .integer(exchange.requestBytes)),
                ("allowed_bytes", limit.map { .integer($0) } ?? .null),
            ]))
    }
}
