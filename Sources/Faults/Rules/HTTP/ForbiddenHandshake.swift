import TimelineModel

struct ForbiddenHandshake: CaptureRule {
    static let page = RulePage(
        "forbidden-handshake", .http, .warning, sides: [.server, .application],
        source: """
            RFC 9110, sections 15.5.2 and 15.5.4; engine.io lib/server.ts `verify`, `allowRequest` (code 4); python-engineio
            server.py; uvicorn, refusal of a WebSocket
            """,
        summary: "The server refused the handshake by policy",
        finds: """
            A request without `sid` that is answered 401 or 403. Repeated requests of one client to one path are one
            finding. The server's message is not shown, for it may hold what it complains of.
            """,
        why: """
            Somebody decided that this client may not connect: `allowRequest` on the server, an authentication in front of
            it, a check of the Origin. Servers on uvicorn answer 403 to a WebSocket for any cause at all, also for a wrong
            version or an unknown session.
            """,
        clientFix: "Send what the server asks for (header, cookie, query), and renew it before it expires.",
        serverFix:
            "Look at `allowRequest`, at the allowed origins (`cors_allowed_origins` in Python) and at the proxy's rules.",
        falseAlarms: "A policy that does what it should: therefore a warning.")

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard let status = exchange.status, status == 401 || status == 403 else { return }
        let target = RequestTarget(exchange.target)
        guard target.isHandshake else { return }
        self.groups.add(exchange, path: target.path, kind: "\(status)", capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            let code = group.first.errorCode.map { " code \($0)" } ?? ""
            report.add(
                "the server refused the handshake with \(group.kind)\(code)\(group.times)", at: group.at,
                consequence: .shown,
                evidence: group.evidence([("has_message", .bool(group.first.errorBody != nil))]),
                sessionID: group.sessionID)
        }
    }
}
