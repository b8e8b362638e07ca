import TimelineModel

/// When a ping or pong of the heartbeat could have come at the earliest: a pong with its ping, a ping pingInterval after
/// the pong before it, the first one after the open.
struct HeartbeatDue {
    let at: Timestamp
    let name: String
    /// As in "came 3.2 s after the ping".
    let after: String

    /// A function and no initialiser, which would take a copy of the session.
    ///
    /// - Parameter session: as the frame met it.
    static func of(_ frame: Frame, _ session: SessionState) -> HeartbeatDue? {
        let heartbeat = session.heartbeat
        if frame.engineIOType == .pong, frame.sender != heartbeat.pinger, let ping = heartbeat.outstanding {
            return HeartbeatDue(at: ping.at, name: "pong", after: "after the ping")
        }
        guard frame.engineIOType == .ping, frame.sender == heartbeat.pinger, heartbeat.outstanding == nil,
            let start = heartbeat.lastPong ?? session.open, let interval = session.pingIntervalNs
        else { return nil }
        let (due, overflow) = start.at.nanoseconds.addingReportingOverflow(interval)
        guard !overflow else { return nil }
        return HeartbeatDue(at: Timestamp(nanoseconds: due), name: "ping", after: "after it was due")
    }
}
