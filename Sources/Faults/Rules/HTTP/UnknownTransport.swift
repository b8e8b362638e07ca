import TimelineModel

struct UnknownTransport: CaptureRule {
    static let page = RulePage(
        "transport-unknown", .http, .note, sides: [.client, .application],
        source: """
            engine.io lib/server.ts `verify` (code 0); python-engineio server.py; socket.io documentation,
            "Troubleshooting connection issues"
            """,
        summary: "A request named no transport, or one that the server does not offer",
        finds: """
            A request refused with 400 and code 0, "Transport unknown" or "Invalid transport". A warning where the same
            client (address and User-Agent) has a session in this capture, or where the URL has an `EIO`, as clients send
            it. Repeated requests of one client to one path are one finding.
            """,
        why: """
            Health checks and people who open the path in a browser cause it, and it harms nobody. A client that causes it
            cannot connect: client and server have no transport in common, or something cuts the query off the URL.
            """,
        clientFix: "Name a transport that the server offers: `transport=polling` or `transport=websocket`.",
        serverFix: "Compare the server's `transports` with the client's; for health checks use a path of their own.",
        falseAlarms: "Health checks and browsers: a note.")

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard Refusal(exchange) == .unknownTransport else { return }
        let target = RequestTarget(exchange.target)
        // The upgrade of a session that polls is another rule's.
        guard !target.isWebSocket || target.sid == nil else { return }
        self.groups.add(exchange, path: target.path, kind: target.eio == nil ? "" : "EIO", capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            let isClient =
                group.kind == "EIO"
                || sessions.contains {
                    $0.clientAddress == group.client && $0.facts.userAgent == group.first.userAgent
                        && group.first.userAgent != nil
                }
            let transport = RequestTarget(group.first.target).transport
            report.add(
                "the server refused \(transport.map { "the transport \(Phrase.quoted($0, limit: 20))" } ?? "a request without a transport")"
                    + group.times,
                at: group.at, severity: isClient ? .warning : .note, consequence: .shown, evidence: group.evidence(),
                sessionID: group.sessionID)
        }
    }
}
