import TimelineModel

struct ResetMidSession: SessionRule {
    static let page = RulePage(
        "tcp-reset-midsession", .tcp, .warning, sides: [.client, .server, .middlebox],
        source: "RFC 9293, section 3.5.2; RFC 6455, section 7.1.7; timum-viw/socket.io-client#69",
        summary: "The TCP connection of a living session was reset",
        finds: """
            A TCP RST on the WebSocket that carries a session, or on a connection where a polling GET waits for its
            answer, with no WebSocket close frame and no Engine.IO `close` before it.
            """,
        why: """
            A reset throws away what is still on its way, in both directions. Programs show it as ECONNRESET or as close
            code 1006; messages that were just sent may be lost without a word.
            """,
        clientFix: """
            Look for a process that was killed or crashed on the side that sent the reset, and close the WebSocket
            before exiting. Expect the loss: send again what was not acknowledged.
            """,
        serverFix: """
            Look for a crash or restart at that moment, and in the logs of proxies and firewalls between: many reset
            connections that they have forgotten.
            """,
        falseAlarms: """
            A reset behind a close frame or after both sides had sent FIN is a hasty but orderly end and is not
            reported; nor is one right behind missing bytes. A browser tab that is closed may reset.
            """)

    static let sees: Interest = []

    init(_ settings: RuleSettings) {}

    func end(_ session: SessionState, _ report: inout Report) {
        guard session.facts.endClass == .rst, let ended = session.facts.ended else { return }
        let who = session.facts.endedBy.map { "the \($0.rawValue)'s side" } ?? "one side"
        let last = [session.lastFromClient, session.lastFromServer].compactMap { $0 }.max { $0.frameID < $1.frameID }
        let quiet = last.map { max(0, ended.nanoseconds(since: $0.at)) }
        let when = quiet.map { " \(Phrase.duration($0)) after the session's last frame" } ?? ""
        let what = session.isOnWebSocket ? "the WebSocket without a close frame," : "a polling connection"
        report.add(
            "\(who) reset \(what)\(when)", at: ended, frameID: last?.frameID, consequence: .shown,
            // A close frame that the capture misses would make it an orderly end.
            over: ended...ended,
            evidence: Evidence(
                frames: last.map { [$0.frameID] } ?? [], quiet.map { [("quiet_ms", .milliseconds($0))] } ?? []))
    }
}
