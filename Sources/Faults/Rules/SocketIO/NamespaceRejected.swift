import JSONText
import TimelineModel

struct NamespaceRejected: SessionRule {
    static let page = RulePage(
        "namespace-rejected", .socketIO, .error, sides: [.client, .application],
        source: """
            Socket.IO protocol 5, "Connection to a namespace"; socket.io lib/client.ts `connect`; python-socketio
            server.py `_handle_connect`; socketio/socket.io#3720, #2903; socket.io-client-swift#1070
            """,
        summary: "The server does not know the namespace that the client asked for",
        finds: """
            A CONNECT_ERROR (`44`) of the server with the text `Invalid namespace`, as Node says it, or `Unable to
            connect`, as python-socketio does, for a namespace that was not joined already.
            """,
        why: """
            The namespace stays closed, and clients do not try again by themselves. Where no namespace was joined at all
            Node's server closes the session when connectTimeout is over.
            """,
        clientFix: """
            Compare the name, letter by letter, with those of the server. A namespace is not a path of a URL: in
            `io("https://host/app")` the namespace is `/app`, the path is an option of its own. Auth goes into the
            payload of the CONNECT, behind a comma: `40/app,{"token":...}`.
            """,
        serverFix: """
            Declare the namespace (`io.of("/app")`; in python-socketio a handler for it) before clients come, also right
            after a restart; for names that are made up at run time give `io.of` a regular expression.
            """,
        falseAlarms: """
            python-socketio uses the same text for a second CONNECT of a namespace that is joined: that is
            `connect-duplicate`. A server that restarts may be asked before it has declared its namespaces.
            """)

    static let sees: Interest = [.connectError]

    static let texts: Set<String> = ["Invalid namespace", "Unable to connect"]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server, let text = ConnectErrorText(frame.payload).text, Self.texts.contains(text)
        else { return }
        if case .connected = session.standing { return }
        let hint = NamespaceSyntax.fault(of: frame.namespace ?? "/").map { ": the name holds \($0)" } ?? ""
        report.add(
            "the server refused namespace \(Phrase.namespace(frame.namespace)) with \(Phrase.quoted(text))\(hint)",
            frame: frame, consequence: .shown)
    }
}
