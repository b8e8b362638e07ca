import TimelineModel

struct ConnectDuplicate: SessionRule {
    static let page = RulePage(
        "connect-duplicate", .socketIO, .error, sides: [.client],
        source: "Socket.IO protocol 5, \"Connection to a namespace\"; socket.io lib/client.ts `ondecoded`",
        summary: "The client sent CONNECT for a namespace that it has joined or asked for already",
        finds: """
            A second CONNECT of the client for a namespace that is joined or whose first CONNECT has no answer yet.
            Under Engine.IO 3, where the root namespace is joined without a word, a CONNECT for it is a warning.
            """,
        why: """
            Node's server closes the whole session where the namespace is joined; where the first CONNECT is pending it
            makes two sockets of it, and each event of the server comes twice. python-socketio answers `44"Unable to
            connect"` and lets the first one stand.
            """,
        clientFix: """
            Send one CONNECT for each namespace and connection. Look for a reconnect timer that was not stopped, and
            for `connect()` that is called in a handler of `connect`.
            """,
        serverFix: "Nothing: the client breaks the protocol.",
        falseAlarms: """
            After a `41` or `44` the client may ask again. Where the capture misses bytes since the first CONNECT,
            nothing is said.
            """)

    static let sees: Interest = [.connect]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .client else { return }
        let name = Phrase.namespace(frame.namespace)
        let what: String
        let first: Mark
        switch session.standing {
        case .connected(let mark): (what, first) = ("which it has joined", mark)
        case .requested(let mark): (what, first) = ("while the first one is pending", mark)
        default: return
        }
        let isImplicit = session.isEngineIO3 && frame.namespace == "/"
        report.add(
            "second CONNECT for namespace \(name), \(isImplicit ? "which Engine.IO 3 joins without one" : what)",
            frame: frame, severity: isImplicit ? .warning : .error, consequence: .end(by: .server),
            over: first.at...max(first.at, frame.at), evidence: Evidence(frames: [first.frameID, frame.id]))
    }
}
