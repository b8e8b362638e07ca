import TimelineModel

struct BinaryContentType: SessionRule {
    static let page = RulePage(
        "polling-content-type", .http, .error, versions: "Engine.IO 4", sides: [.client],
        source: """
            Engine.IO protocol 4, "HTTP long-polling", "Headers"; engine.io lib/transports/polling.ts `onDataRequest`
            ("invalid content"); engine.io changelog 6.6.7
            """,
        summary: "A post says that it is binary, which Engine.IO 4 does not have over polling",
        finds: "A POST with `Content-Type: application/octet-stream` in a session with `EIO=4`.",
        why: """
            Under version 4 binary data goes through polling as base64 in a text. Node's server answers such a post with 400
            and closes the session. The protocol's page still says that binary needs this type: that is left over from
            version 3.
            """,
        clientFix: "Send `Content-Type: text/plain;charset=UTF-8` with each post and write binary as `b` and base64.",
        serverFix: "Nothing.",
        falseAlarms: "It is right under Engine.IO 3.")

    static let sees: Interest = .exchanges

    init(_ settings: RuleSettings) {}

    func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, exchange.method == "POST",
            exchange.requestType?.lowercased().hasPrefix("application/octet-stream") == true
        else { return }
        let isRefused = exchange.status == 400
        report.add(
            "a POST of \(exchange.requestBytes) bytes with application/octet-stream under EIO=4"
                + (isRefused ? " was refused with 400" : ""),
            at: exchange.requestEnded ?? exchange.requested, consequence: isRefused ? .shown : .none,
            evidence: Evidence([("exchange", .integer(exchange.id))]))
    }
}
