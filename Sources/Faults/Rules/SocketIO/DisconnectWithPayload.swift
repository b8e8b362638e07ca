import TimelineModel

struct DisconnectWithPayload: SessionRule {
    static let page = RulePage(
        "disconnect-with-payload", .socketIO, .error, sides: [.server],
        source: """
            Socket.IO protocol 5, "Disconnection from a namespace"; socket.io-parser lib/index.ts `isPayloadValid`;
            python-socketio server.py `_handle_connect`; socketio/socket.io#5397
            """,
        summary: "The server sent a DISCONNECT with a payload, which JavaScript clients take for a broken packet",
        finds: "A `41` of the server with JSON behind it.",
        why: """
            A DISCONNECT has no payload. The JavaScript client reports `parse error`, closes the connection and opens it
            again, for ever: it never learns that it was refused.
            """,
        clientFix: "Nothing: the server breaks the protocol.",
        serverFix: """
            python-socketio sends it to refuse a client where `always_connect=True` is set: leave that out, so that the
            refusal goes as a `44`.
            """,
        falseAlarms: "Nothing known. Clients in Python accept it.")

    static let sees: Interest = [.disconnect]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server, frame.payload != nil else { return }
        report.add(
            "DISCONNECT for namespace \(Phrase.namespace(frame.namespace)) with a payload", frame: frame,
            consequence: .end(by: .client))
    }
}
