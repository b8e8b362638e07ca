import TimelineModel

struct TextInsideWebSocket: CaptureRule {
    static let page = RulePage(
        "http-text-inside-websocket", .http, .error, sides: [.server, .middlebox],
        source: """
            RFC 6455, section 4.2.2; engine.io lib/server.ts `handleUpgrade`; Werkzeug; socketio/socket.io#2557, #3366,
            #4039, #5404; robtaussig/react-use-websocket#150
            """,
        summary: "The server wrote an HTTP answer into a connection that was a WebSocket already",
        finds: """
            `HTTP/1.` in the server's stream where a frame should begin, behind its 101. It is a note where the status is
            400 and the request had neither `sid` nor `EIO=4`: then `eio-version-rejected` names the cause.
            """,
        why: """
            The client reads the text as a frame and fails: "Invalid frame header", "RSV1 must be clear". The status says
            who wrote it. 400: two listeners for upgrades on one port, of which the second refuses what the first accepted.
            500: the server's code threw an exception (Werkzeug). 502 to 504: something in between gave up.
            """,
        clientFix: "Nothing, unless it speaks a version that the server refuses.",
        serverFix: """
            With 400: attach one Socket.IO or WebSocket server to each HTTP server, or give each its own path and let each
            ignore the paths of the others (`destroyUpgrade: false`). With 500: read the server's log, a handler failed.
            """,
        falseAlarms: """
            A frame of 84 bytes begins with the same two bytes as HTTP; all of `HTTP/1.` has to be there. A stream with
            a hole before is not judged.
            """)

    private var groups = RefusalGroups()

    init(_ settings: RuleSettings) {}

    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for handshake in capture.handshakes.answeredTwice {
            let connection = capture.connections[handshake.exchange.connectionID]
            guard connection?.missingBytes == 0 else { continue }
            let target = RequestTarget(handshake.exchange.target)
            let isVersion = handshake.lateStatus == 400 && target.isHandshake && target.eio != "4"
            let status = handshake.lateStatus.map { "\($0)" } ?? ""
            self.groups.add(
                handshake.exchange, path: target.path, kind: isVersion ? "version \(status)" : status, capture)
        }
        for group in self.groups.all {
            let status = group.kind.split(separator: " ").last.map(String.init) ?? ""
            let isVersion = group.kind.hasPrefix("version")
            report.add(
                "the server wrote HTTP\(status.isEmpty ? "" : " " + status) into the WebSocket where a frame should begin: "
                    + "\(Self.cause(status, isVersion: isVersion))\(group.times)",
                at: group.at, severity: isVersion ? .note : nil, consequence: .shown,
                evidence: group.evidence([("late_status", .string(status))]), sessionID: group.sessionID)
        }
    }

    private static func cause(_ status: String, isVersion: Bool) -> String {
        switch status {
        case _ where isVersion: "it refuses the client's version"
        case "400": "a second listener for upgrades, or two servers on one port"
        case "500": "its code threw an exception"
        case "502", "503", "504": "something between client and server gave up"
        default: "two programs write to this connection"
        }
    }
}
