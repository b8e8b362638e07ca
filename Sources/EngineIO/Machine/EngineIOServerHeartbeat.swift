import TimelineModel

/// When a server pings, and when it gives a client up.
struct EngineIOServerHeartbeat: Sendable {
    enum Step {
        case nothing
        case ping
        case timeout(afterMs: Int64)
    }

    private enum State {
        case pingDue(Timestamp)
        case pongDue(Timestamp)
        /// Version 3: the client's next ping.
        case clientDue(Timestamp)
        case none
    }

    private let interval: Int64
    private let timeout: Int64
    private var state: State

    init(_ settings: EngineIOServerSettings, at now: Timestamp) {
        switch settings.heartbeat {
        case .off:
            (self.interval, self.timeout, self.state) = (0, 0, .none)
        case .live(let interval, let timeout):
            self.interval = max(1, interval)
            self.timeout = max(1, timeout)
            self.state =
                settings.version == .v4
                ? .pingDue(now.advanced(byNs: self.interval))
                : .clientDue(now.advanced(byNs: self.interval).advanced(byNs: self.timeout))
        }
    }

    var deadline: Timestamp? {
        switch self.state {
        case .pingDue(let due), .pongDue(let due), .clientDue(let due): due
        case .none: nil
        }
    }

    /// Each pong puts the next ping off by the whole interval, asked for or not, as Node's server does.
    mutating func ponged(at now: Timestamp) {
        switch self.state {
        case .pingDue, .pongDue: self.state = .pingDue(now.advanced(byNs: self.interval))
        case .clientDue, .none: return
        }
    }

    /// Only a ping counts for version 3; engine.io 6.6.
    mutating func pinged(at now: Timestamp) {
        guard case .clientDue = self.state else { return }
        self.state = .clientDue(now.advanced(byNs: self.interval).advanced(byNs: self.timeout))
    }

    mutating func pass(_ now: Timestamp) -> Step {
        switch self.state {
        case .pingDue(let due) where due <= now:
            self.state = .pongDue(now.advanced(byNs: self.timeout))
            return .ping
        case .pongDue(let due) where due <= now:
            self.state = .none
            return .timeout(afterMs: self.timeout / 1_000_000)
        case .clientDue(let due) where due <= now:
            self.state = .none
            return .timeout(afterMs: self.interval.addingReportingOverflow(self.timeout).partialValue / 1_000_000)
        case .pingDue, .pongDue, .clientDue, .none: return .nothing
        }
    }
}
