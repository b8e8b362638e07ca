import JSONText
import TimelineModel

struct SIOVersionMismatch: SessionRule {
    static let page = RulePage(
        "sio-version-mismatch", .socketIO, .error, versions: "Socket.IO 5 client, 4 server", sides: [.server],
        source: """
            Socket.IO protocol 5, "Connection to a namespace"; socketio/socket.io-client#1481; mrniko/netty-socketio#791;
            walkor/phpsocket.io#261
            """,
        summary: "The server accepts namespaces in the way of Socket.IO 2",
        finds: "A CONNECT (`40`) of the server without a `sid` in its payload in a session with `EIO=4`.",
        why: """
            Since version 3 the answer carries the socket's id. The JavaScript client does without it: it reports
            `connect_error` with "It seems you are trying to reach a Socket.IO server in v2.x", and the socket never
            counts as connected.
            """,
        clientFix: "Use a client of version 2 for this server, or have the server updated.",
        serverFix: """
            Update to a server of Socket.IO 3 or later. Servers written by hand: answer `40{"sid":"..."}` with an id
            that is not that of the open packet.
            """,
        falseAlarms: "In a session of Engine.IO 3 the bare `40` is right; custom parsers write it in their own way.")

    static let sees: Interest = [.connect]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4, frame.sender == .server, !session.isMessagePack else { return }
        let body = frame.payload.flatMap { try? JSONValue($0) }
        guard body?["sid"]?.string == nil else { return }
        report.add(
            "the server accepted namespace \(Phrase.namespace(frame.namespace)) without a sid, as Socket.IO 2 does",
            frame: frame, consequence: .end(by: .client))
    }
}
