import JSONText
import TimelineModel

struct RecoveryFailed: SessionRule {
    static let page = RulePage(
        "recovery-failed", .socketIO, .warning, versions: "Socket.IO 5", sides: [.server],
        source: """
            socket.io lib/namespace.ts `_createSocket`, socket.io-adapter lib/in-memory-adapter.ts `restoreSession`;
            socketio/socket.io#4968, #4888, #5282, #5538, #4880
            """,
        summary: "The client asked for the state of its last connection and got a new one",
        finds: """
            A CONNECT with a `pid` that the server accepts with another `pid`, or with none. Where the CONNECT has no
            `offset` the finding says so: Node's server then does not even try.
            """,
        why: """
            Events that were sent while the client was away are lost, its rooms and data are gone. `socket.recovered` is
            false: the application has to fetch its state anew.
            """,
        clientFix: """
            Read `socket.recovered` on `connect`. Without an `offset` no event had come before the connection broke; have
            the server send one at the beginning.
            """,
        serverFix: """
            Look at `maxDisconnectionDuration` (2 minutes), whether the server was restarted, whether the client came to
            another node, and whether the adapter can restore sessions.
            """,
        falseAlarms: """
            A client that was away for longer than the window, or a server that was restarted, cannot be restored: the
            loss is there all the same.
            """)

    static let sees: Interest = [.connect]

    /// What was asked for, by namespace, so many at most.
    private var asked: [String: (pid: String, hasOffset: Bool, mark: Mark)] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        let namespace = frame.namespace ?? "/"
        let body = frame.payload.flatMap { try? JSONValue($0) }
        if frame.sender == .client {
            guard self.asked.count < 256, let pid = body?["pid"]?.string else { return }
            self.asked[namespace] = (pid, body?["offset"] != nil, Mark(frame))
            return
        }
        guard let asked = self.asked.removeValue(forKey: namespace), body?["pid"]?.string != asked.pid else { return }
        let how = body?["pid"] == nil ? "does not restore connections" : "began a new one"
        let offset = asked.hasOffset ? "" : "; the client gave no offset"
        report.add(
            "the client asked for the state of its last connection on namespace \(Phrase.namespace(namespace)), and "
                + "the server \(how)\(offset)",
            frame: frame, consequence: .shown, over: ClosedRange(between: asked.mark.at, and: frame.at),
            evidence: Evidence(frames: [asked.mark.frameID, frame.id]))
    }
}
