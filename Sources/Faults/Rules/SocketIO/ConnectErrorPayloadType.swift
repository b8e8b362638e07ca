import TimelineModel

struct ConnectErrorPayloadType: SessionRule {
    static let page = RulePage(
        "connect-error-payload-type", .socketIO, .note, versions: "Socket.IO 5", sides: [.server],
        source: "Socket.IO protocol 5, \"Connection to a namespace\"; python-socketio server.py `_handle_connect`",
        summary: "A CONNECT_ERROR does not hold the object that version 5 wants",
        finds: "A `44` of the server whose payload is not an object with a text under `message`.",
        why: """
            The JavaScript client reads `message` and `data` of that object: its `connect_error` then comes with an
            empty text, and nobody learns why.
            """,
        clientFix: "Nothing; do not rely on the text.",
        serverFix: """
            Send `{"message": "...", "data": ...}`. python-socketio sends a bare text for namespaces it does not know.
            """,
        falseAlarms: "A text is right in version 4 (Engine.IO 3).")

    static let sees: Interest = [.connectError]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, frame.sender == .server, !ConnectErrorText(frame.payload).isObject else { return }
        report.add(
            "CONNECT_ERROR for namespace \(Phrase.namespace(frame.namespace)) without an object that holds a message",
            frame: frame)
    }
}
