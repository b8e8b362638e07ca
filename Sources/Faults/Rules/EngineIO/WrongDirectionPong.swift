import TimelineModel

struct WrongDirectionPong: SessionRule {
    static let page = RulePage(
        "eio-wrong-direction-pong", .engineIO, .error, sides: [.client, .server],
        source: """
            Engine.IO protocol 3 and 4, Heartbeat; engine.io lib/socket.ts `onPacket`; Links2004/arduinoWebSockets#611
            """,
        summary: "A heartbeat packet came from the side that must not send it",
        finds: """
            Under Engine.IO 4 a `3` from the server; under Engine.IO 3 a `3` from the client or a `2` from the server. The
            `3probe` that answers the probe of an upgrade is none of these.
            """,
        why: """
            One side speaks the other version of the protocol. Node's server closes the session at once when a client of
            version 3 sends `3`. The JavaScript client passes a `3` of the server over, but it waits for a `2`: without
            one it closes after pingInterval + pingTimeout.
            """,
        clientFix: "Under `EIO=3` send `2` and expect `3`; under `EIO=4` expect `2` and answer `3`.",
        serverFix: "Under `EIO=4` send `2` and expect `3`; under `EIO=3` answer each `2` of the client with `3`.",
        falseAlarms: """
            The probe of an upgrade. A server that serves both versions has sessions of both; each is judged by the
            version that its first request named. A session of which the capture misses the beginning is judged once its
            version is known.
            """)

    static let sees: Interest = [.ping, .pong]

    init(_ settings: RuleSettings) {}

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isVersionKnown else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.pong, .server) where session.isEngineIO4:
            report.add("server pong under EIO=4, where the server pings and the client answers", frame: frame)
        case (.pong, .client) where session.isEngineIO3:
            report.add(
                "client pong under EIO=3, where the client pings and the server answers", frame: frame,
                consequence: session.closes.server == nil ? .end(by: .server) : .none)
        case (.ping, .server) where session.isEngineIO3:
            report.add("server ping under EIO=3, where only the client pings", frame: frame)
        default:
            break
        }
    }
}
