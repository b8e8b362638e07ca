import TimelineModel

struct NotAnEndpoint: CaptureRule {
    static let page = RulePage(
        "not-a-socketio-endpoint", .http, .warning, sides: [.application, .middlebox],
        source: "Engine.IO protocol 4, \"Handshake\"; socket.io documentation, option `path`; socketio/socket.io#3075",
        summary: "The handshake was answered by something that is not an Engine.IO server",
        finds: """
            A GET without `sid`, with an `EIO` or a `transport`, that is answered 404, or redirected (300 to 399 but for
            304), or by polling with 200 and a body that does not begin with an open packet. Repeated requests of one
            client to one path are one finding.
            """,
        why: """
            The path leads to a page, to another program or nowhere: the `path` option of client and server differ, a
            proxy has no rule for it, or an application with one page answers every path with that page.
            """,
        clientFix:
            "Set `path` to what the server has (`/socket.io/` where nothing else is said), with the slash at its end.",
        serverFix: "Let the proxy send the path to the Socket.IO server, before the rule that serves the page.",
        falseAlarms: "Requests without `EIO` and `transport`, as of health checks, are not handshakes.")

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {
        guard exchange.method == "GET", exchange.sessionID == nil, let status = exchange.status else { return }
        let target = RequestTarget(exchange.target)
        guard target.isHandshake else { return }
        let kind: String
        switch status {
        case 404: kind = "with 404"
        case 300..<400 where status != 304: kind = "with \(status), a redirection"
        case 200 where !target.isWebSocket && Self.isPage(exchange.errorBody): kind = "with 200 and no open packet"
        default: return
        }
        self.groups.add(exchange, path: target.path, kind: kind, capture)
    }

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for group in self.groups.all {
            report.add(
                "a handshake at \(Phrase.quoted(group.path, limit: 40)) was answered \(group.kind)\(group.times)",
                at: group.at, consequence: .shown, evidence: group.evidence([("path", .string(group.path))]))
        }
    }

    /// A body that is neither missing nor the payload with an open packet, in either version.
    private static func isPage(_ body: String?) -> Bool {
        guard let body, !body.isEmpty else { return false }
        let text = body.unicodeScalars.drop { ("0"..."9").contains($0) }
        return !body.hasPrefix("0{") && !text.starts(with: ":0{".unicodeScalars)
            && body.unicodeScalars.first?.value != 0
            && !body.hasPrefix("___eio")
    }
}
