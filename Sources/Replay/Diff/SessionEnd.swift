import TimelineModel

/// How a session ended, as its client's program is told: codes apart, which differ between servers that mean the same.
struct SessionEnd: Hashable {
    var endClass: EndClass
    var by: Sender?
    /// In the words of socket.io's `disconnect` event. Source: socket.io-client 4, "disconnect" event.
    var reason: String

    /// Nil where the recording does not hold it.
    init?(of session: RecordedSession) {
        let facts = session.facts
        guard let endClass = facts.endClass, endClass != .captureEnd else { return nil }
        self.endClass = endClass
        self.by = facts.endedBy
        self.reason = Self.reason(of: session, endClass)
    }

    var text: String {
        "\(self.endClass.rawValue)" + (self.by.map { " by the \($0.rawValue)" } ?? "") + ", \(self.reason)"
    }

    private static func reason(of session: RecordedSession, _ endClass: EndClass) -> String {
        for packet in session.packets.reversed() {
            guard case .socketIO(let scripted) = packet.content else { continue }
            if scripted.type == .disconnect, scripted.namespace == "/" {
                return packet.sender == .server ? "server disconnect" : "client disconnect"
            }
            break
        }
        if Self.timedOut(session) { return "ping timeout" }
        switch endClass {
        case .rst, .httpError: return "transport error"
        case .superseded: return "superseded"
        case .webSocketClose, .fin, .engineIOClose, .captureEnd: return "transport close"
        }
    }

    /// The one who ended it had waited for as long as the handshake allows. Source: Engine.IO protocol v4 and v3,
    /// "Heartbeat".
    private static func timedOut(_ session: RecordedSession) -> Bool {
        let facts = session.facts
        guard let ended = facts.ended, let by = facts.endedBy, let interval = facts.pingIntervalMs,
            let timeout = facts.pingTimeoutMs, interval >= 0, timeout > 0
        else { return false }
        // A timer of the other side's, read off another clock.
        let leastMs = Double(timeout) * 0.95
        let isOldProtocol = facts.engineIOVersion == 3
        var asked: Timestamp?
        var heard: Timestamp?
        for packet in session.packets {
            if packet.sender != by { heard = packet.at }
            switch packet.content {
            case .engineIO(.ping, let data) where packet.sender == by && data != "probe": asked = asked ?? packet.at
            case .engineIO(.pong, let data) where packet.sender != by && data != "probe": asked = nil
            case .engineIO, .socketIO, .message, .unreadable: continue
            }
        }
        if let asked { return Double(ended.nanoseconds(since: asked)) / 1e6 >= leastMs }
        // Who waits for pings rather than sending them: the client in v4, the server in v3.
        guard (by == .server) == isOldProtocol, let heard else { return false }
        return Double(ended.nanoseconds(since: heard)) / 1e6 >= Double(interval) * 0.95 + leastMs
    }
}
