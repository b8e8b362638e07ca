import TimelineModel

struct ConnectRefusedAuth: SessionRule {
    static let page = RulePage(
        "connect-refused-auth", .socketIO, .warning, sides: [.application],
        source:
            "Socket.IO protocol 5, \"Connection to a namespace\"; socket.io lib/namespace.ts `run`; socketio/socket.io#1860",
        summary: "The application refused the client's CONNECT",
        finds: """
            A CONNECT_ERROR (`44`) of the server with a text of the application's own: a middleware of Node's server, a
            `ConnectionRefusedError` of python-socketio.
            """,
        why: """
            The namespace stays closed; the connection below stays up. The JavaScript client reports `connect_error` and
            does not try again by itself.
            """,
        clientFix: """
            Read the text and the `data` of the error. Where a token has expired: get a new one, set it in `auth` (best
            as a function, which is called at each connect) and call `connect()`.
            """,
        serverFix: "Where the client should have been let in: look at the middleware that gave this text.",
        falseAlarms: """
            Refusing is the application's right: that is why this is a warning. `Invalid namespace` and `Unable to
            connect` refuse a name, not a person (`namespace-rejected`).
            """)

    static let sees: Interest = [.connectError]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server else { return }
        let text = ConnectErrorText(frame.payload).text
        guard !NamespaceRejected.texts.contains(text ?? "") else { return }
        let said = text.map { "with \(Phrase.quoted($0))" } ?? "without a text"
        report.add(
            "the server refused the client on namespace \(Phrase.namespace(frame.namespace)) \(said)", frame: frame,
            consequence: .shown)
    }
}
