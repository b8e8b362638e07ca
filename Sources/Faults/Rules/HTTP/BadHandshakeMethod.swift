import TimelineModel

struct BadHandshakeMethod: CaptureRule {
    static let page = RulePage(
        "bad-handshake-method", .http, .warning, sides: [.client],
        source:
            "Engine.IO protocol 4, \"Handshake\"; engine.io lib/server.ts `verify` (code 2); python-engineio server.py",
        summary: "A handshake was tried with another method than GET",
        finds: """
            A request that is refused with 400 and code 2, with "Bad handshake method", or, where it is not a GET, with
            "Invalid session None", as python-engineio says it. Repeated requests of one client to one path are one
            finding.
            """,
        why: "A session begins with a GET. A POST without `sid` has no session that its packets could belong to.",
        clientFix: "Begin with a GET; put the `sid` of its answer into the URL of each POST.",
        serverFix: "Look whether something between drops the `sid` from the URL.",
        falseAlarms: "Preflight requests of browsers (`OPTIONS`) are never taken.")

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.method != "OPTIONS", Refusal(exchange) == .badMethod else { return }
        self.groups.add(exchange, path: RequestTarget(exchange.target).path, kind: exchange.method, capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            report.add(
                "the server refused a handshake by \(Phrase.quoted(group.kind, limit: 12)); it wants GET\(group.times)",
                at: group.at, consequence: .shown, evidence: group.evidence(), sessionID: group.sessionID)
        }
    }
}
