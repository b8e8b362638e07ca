import TimelineModel

struct ReservedEventName: SessionRule {
    static let page = RulePage(
        "reserved-event-name", .socketIO, .error, sides: [.client, .server],
        source: "Socket.IO protocol 5, \"Event\"; socket.io-parser lib/index.ts `RESERVED_EVENTS` (since 4.2.4)",
        summary: "An event has a name that belongs to the library",
        finds: """
            An event named `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener` or
            `removeListener`.
            """,
        why: """
            A handler could not tell it from the library's own event. socket.io-parser 4.2.4 and later takes the packet
            for broken: Node's server closes the session, the JavaScript client too.
            """,
        clientFix: "Rename the event.",
        serverFix: "Rename the event.",
        falseAlarms: "Peers with an older parser, and python-socketio, take it: then it is latent.")

    static let sees: Interest = [.anomalies]

    init(_ settings: RuleSettings) {}

    func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard anomaly.code == "socketio.reserved-event-name", let frame = session.recent.frame(anomaly.frameID)
        else { return }
        report.add(
            "\(Phrase.event(session.recent.event(of: frame.id))) of the \(frame.sender.rawValue), a name that is reserved",
            at: frame.at,
            frameID: frame.id, consequence: .end(by: frame.sender.other), evidence: Evidence(frames: [frame.id]))
    }
}
