import TimelineModel

struct NoReconnectAfterServerDisconnect: LineageRule {
    private static let wait = Threshold(
        "wait_ms", 60_000, step: 1000, "how long the client may take to come back, in milliseconds")

    static let page = RulePage(
        "no-reconnect-after-server-disconnect", .socketIO, .note, sides: [.client],
        source: """
            socket.io-client lib/socket.ts `ondisconnect`, `onclose`; socketio/socket.io-client#1067;
            socketio/socket.io#1860
            """,
        summary: "The server ended a namespace and the client did not come back",
        finds: """
            A DISCONNECT (`41`) or CONNECT_ERROR (`44`) of the server that no CONNECT of the same client for that
            namespace follows within 60 s, in this session or a later one, while the capture goes on.
            """,
        why: """
            After `io server disconnect` and after a refusal the client libraries do not reconnect by themselves: that is
            how they are made, and often taken for a bug.
            """,
        clientFix: """
            Where the user should come back: in the handler of `disconnect`, call `socket.connect()` if the reason is
            `io server disconnect`; in that of `connect_error`, if `socket.active` is false.
            """,
        serverFix: "To end a connection and have the client come back, close the transport: `socket.conn.close()`.",
        falseAlarms: "A logout, a page that was closed: that is why this is a note.",
        thresholds: [wait])

    static let telling = Telling.atTheEnd

    private let waitNs: Int64

    init(_ settings: RuleSettings) {
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        guard let captureEnd = capture.facts.ended else { return }
        for session in sessions where session.state.isClientSeen {
            let names = session.state.namespaces.names.filter { name in
                guard let mark = Self.endedByServer(session.state.namespaces[name]) else { return false }
                return captureEnd.nanoseconds(since: mark.at) >= self.waitNs
                    && !self.comesBack(to: name, after: mark.at, sessions)
            }
            let marks = names.compactMap { Self.endedByServer(session.state.namespaces[$0]) }
            guard let first = marks.min(by: { $0.frameID < $1.frameID }) else { continue }
            let shown = Phrase.list(names.prefix(5).map { Phrase.namespace($0) })
            let more = names.count > 5 ? " and \(names.count - 5) more" : ""
            report.add(
                "the server ended namespace \(shown)\(more), and no CONNECT for it came within "
                    + "\(Phrase.duration(self.waitNs))",
                at: first.at, frameID: first.frameID, over: first.at...max(first.at, session.state.lastMoment),
                isTimed: true, evidence: Evidence(frames: marks.prefix(16).map(\.frameID)),
                sessionID: session.facts.id)
        }
    }

    private func comesBack(to name: String, after: Timestamp, _ sessions: [SessionSummary]) -> Bool {
        sessions.contains { session in
            session.state.connects.isFull
                || session.state.connects.all.contains {
                    $0.namespace == name && $0.mark.at > after
                        && $0.mark.at.nanoseconds(since: after) <= self.waitNs
                }
        }
    }

    private static func endedByServer(_ state: NamespaceState?) -> Mark? {
        switch state {
        case .left(let mark, by: .server), .refused(let mark): mark
        default: nil
        }
    }
}
