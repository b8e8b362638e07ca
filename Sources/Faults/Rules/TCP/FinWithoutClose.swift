import TimelineModel

struct FinWithoutClose: SessionRule {
    static let page = RulePage(
        "ws-fin-without-close", .tcp, .warning, sides: [.server, .middlebox],
        source: "RFC 6455, sections 1.4, 7.1.1 and 7.1.5; googollee/go-socket.io#336",
        summary: "One side ended the TCP connection of a WebSocket without a close frame",
        finds: """
            A TCP FIN on the WebSocket that carries a session, where neither side had sent a WebSocket close frame and
            the capture holds everything between the last frame and the FIN.
            """,
        why: """
            The other side reports close code 1006 and cannot tell a crash from a proxy's timeout: the closing handshake
            that would have named a reason was left out.
            """,
        clientFix: "Close the WebSocket before the process exits; a killed process cannot.",
        serverFix: """
            Look for a crash, a kill or an exception in a handler at that moment: uvicorn ends the connection like this
            after one. If nothing happened on the server, look for an idle timeout of a proxy between.
            """,
        falseAlarms: """
            Go servers on gorilla/websocket never send a close frame: of a server that shows itself to be one it is a
            note. A capture that misses bytes before the FIN is not judged.
            """)

    static let sees: Interest = []

    init(_ settings: RuleSettings) {}

    func end(_ session: SessionState, _ report: inout Report) {
        guard session.facts.endClass == .fin, session.isOnWebSocket, let ended = session.facts.ended else { return }
        let last = [session.lastFromClient, session.lastFromServer].compactMap { $0 }.max { $0.frameID < $1.frameID }
        let who = session.facts.endedBy.map { "the \($0.rawValue)" } ?? "one side"
        let quiet = last.map { max(0, ended.nanoseconds(since: $0.at)) }
        let when = quiet.map { " \(Phrase.duration($0)) after the last frame" } ?? ""
        // Servers on gorilla/websocket close like this by habit.
        let isHabit = session.server.kind == .go && session.facts.endedBy == .server
        report.add(
            "\(who) ended the TCP connection\(when) without a close frame: the other side reports code 1006",
            at: ended, frameID: last?.frameID, severity: isHabit ? .note : nil, consequence: .shown,
            over: ClosedRange(between: last?.at ?? ended, and: ended),
            evidence: Evidence(
                frames: last.map { [$0.frameID] } ?? [], quiet.map { [("quiet_ms", .milliseconds($0))] } ?? []))
    }
}
