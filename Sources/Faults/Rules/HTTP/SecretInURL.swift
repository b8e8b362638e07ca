import TimelineModel

struct SecretInURL: CaptureRule {
    static let page = RulePage(
        "secret-in-url", .http, .note, sides: [.application],
        source: "RFC 6750, section 2.3; RFC 9110, section 17.9",
        summary: "A query key in the URL looks like a secret",
        finds: """
            A request whose query has `token`, `auth`, `jwt`, `key` or `access_token`, in any case, with a value. The
            value is never shown. Requests of one client to one path are one finding for each key.
            """,
        why: "URLs stand in the logs of servers and proxies and in histories. Whoever reads those has the secret.",
        clientFix: """
            Send it in the `auth` payload of the CONNECT, or in a header (`extraHeaders`); neither stands in the URL.
            """,
        serverFix: "Read it from there (`socket.handshake.auth`), and filter queries out of logs.",
        falseAlarms: "A key of that name that holds nothing secret: advice only.")

    private static let names: Set<String> = ["token", "auth", "jwt", "key", "access_token"]

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        let target = RequestTarget(exchange.target)
        for key in Set(target.keys.map { $0.lowercased() }).intersection(Self.names).sorted() {
            self.groups.add(exchange, path: target.path, kind: key, capture)
        }
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            report.add(
                "the query key \"\(group.kind)\" stands in the URL of \(Phrase.count(group.count, "request"))",
                at: group.first.requested, consequence: .shown,
                evidence: group.evidence([("key", .string(group.kind))]),
                sessionID: group.sessionID)
        }
    }
}
