import TimelineModel

extension HeartbeatSummary {
    init(of session: RecordedSession) {
        self.pingIntervalMs = session.facts.pingIntervalMs
        self.pingTimeoutMs = session.facts.pingTimeoutMs
        var asked: [Sender: Timestamp] = [:]
        for packet in session.packets {
            switch packet.content {
            case .engineIO(.ping, let data) where data != "probe":
                if packet.sender == .client { self.pingsClient += 1 } else { self.pingsServer += 1 }
                asked[packet.sender] = packet.at
            case .engineIO(.pong, let data) where data != "probe":
                self.pongs += 1
                if let at = asked.removeValue(forKey: packet.sender.other) {
                    self.slowestPongNs = max(self.slowestPongNs ?? 0, packet.at.nanoseconds(since: at))
                }
            case .engineIO, .socketIO, .message, .unreadable: continue
            }
        }
    }
}
