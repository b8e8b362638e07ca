import TimelineModel

struct VersionRejected: CaptureRule {
    static let page = RulePage(
        "eio-version-rejected", .http, .error, versions: "Engine.IO 3", sides: [.client],
        source: """
            Engine.IO protocol 4, "Handshake"; engine.io lib/server.ts `verify` and lib/engine.io.ts (code 5);
            python-engineio server.py; LaserWeb/lw.comm-server#91, socketio/socket.io#4381, socketio/engine.io#616
            """,
        summary: "The client asked for a version of Engine.IO that the server does not speak",
        finds: """
            A request with a `transport` or an `EIO`, but without `sid` and `EIO=4`, that is refused with 400 and code 5, or with 400 and a text that
            says "unsupported version"; or a WebSocket opened by such a request where the server writes `HTTP/1.x 400`
            behind its 101. Repeated requests of one client to one path are one finding.
            """,
        why: """
            Without `EIO=4` a client counts as one of version 3 (Socket.IO 2). Servers of Socket.IO 3 and later refuse it
            unless they were told to serve both. Over WebSocket Node's server answers 101 first and the refusal comes as
            raw HTTP inside the WebSocket: browsers call that "Invalid frame header", others "RSV1 must be clear".
            """,
        clientFix: "Use a client of Socket.IO 3 or 4, and send `EIO=4` in the URL of each request.",
        serverFix: "For clients that cannot be changed set `allowEIO3: true` (Node).",
        falseAlarms:
            "Health checks without a query. Else nothing known: the server itself says so. A refusal without such words, as Python's 403, is not taken."
    )

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard Refusal(exchange) == .unsupportedVersion else { return }
        self.add(exchange, over: "HTTP", capture)
    }

    private mutating func add(_ exchange: ExchangeFacts, over transport: String, _ capture: CaptureState) {
        let target = RequestTarget(exchange.target)
        // A health check without a query is refused in the same words and asks for no version.
        guard target.isHandshake, target.eio != "4" else { return }
        self.groups.add(exchange, path: target.path, kind: transport, capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for handshake in capture.handshakes.answeredTwice where handshake.lateStatus == 400 {
            self.add(handshake.exchange, over: "WebSocket", capture)
        }
        for group in self.groups.all {
            let version = RequestTarget(group.first.target).versionText
            let how = group.kind == "HTTP" ? "with 400" : "with HTTP 400 inside the WebSocket, behind its 101"
            report.add(
                "the server refused the client's version of Engine.IO (\(version)) \(how)\(group.times)",
                at: group.at, consequence: .shown,
                evidence: group.evidence([("path", .string(group.path))]), sessionID: group.sessionID)
        }
    }
}
