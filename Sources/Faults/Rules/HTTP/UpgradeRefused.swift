import TimelineModel

struct UpgradeRefused: CaptureRule {
    static let page = RulePage(
        "upgrade-refused", .http, .error, sides: [.middlebox, .server],
        source: """
            RFC 6455, sections 4.1 and 4.2; RFC 9110, section 7.8; engine.io lib/server.ts `verify` (code 3); python-engineio
            server.py; socketio/socket.io#1942, #2333; miguelgrinberg/python-socketio#686
            """,
        summary: "A request for a WebSocket was refused or did not arrive as one",
        finds: """
            A GET with `transport=websocket` that is answered 400 with code 3, "Bad request" or "Invalid websocket upgrade";
            200, 426, 502, 503 or 504; 404 in a session that polls; "Invalid transport" or code 0 where it has a `sid`; or any other refusal where the request had no
            `Upgrade: websocket` when it passed here. Refusals for another stated cause (an unknown `sid`, the version, the
            transport, a policy) are left to their own rules. Repeated requests of one client to one path are one finding.
            """,
        why: """
            A proxy that does not pass on `Upgrade` and `Connection` turns the request into a plain GET, and the server
            refuses that. Clients that poll first stay in polling, slower and with more load; clients with
            `transports: ["websocket"]` cannot connect at all.
            """,
        clientFix: "Let the client poll first, until the way between is repaired.",
        serverFix: """
            nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`
            for the path. Other proxies and CDNs have a switch for WebSockets. python-engineio without an asynchronous
            server or `simple-websocket` cannot upgrade.
            """,
        falseAlarms: """
            Next to the client the headers are there and only the answer shows it. A request without an answer is not taken.
            """)

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.method == "GET", let status = exchange.status, status != 101 else { return }
        let target = RequestTarget(exchange.target)
        guard target.isWebSocket else { return }
        let hasHeader = exchange.upgrade?.lowercased() == "websocket"
        switch (Refusal(exchange), status) {
        case (.badRequest, _), (nil, 200), (nil, 426), (nil, 502...504): break
        case (nil, 404) where exchange.sessionID != nil: break
        // python-engineio's words for an upgrade without its headers.
        case (.unknownTransport, _) where target.sid != nil: break
        case (nil, 400...) where !hasHeader && status != 401 && status != 403 && status != 404: break
        default: return
        }
        self.groups.add(
            exchange, path: target.path,
            kind: hasHeader ? "" : ", which reached this point without `Upgrade: websocket`,",
            capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            let code = group.first.errorCode.map { " code \($0)" } ?? ""
            report.add(
                "a request for a WebSocket\(group.kind) was answered \(group.first.status ?? 0)\(code)\(group.times)",
                at: group.at, consequence: .shown, evidence: group.evidence(), sessionID: group.sessionID)
        }
    }
}
