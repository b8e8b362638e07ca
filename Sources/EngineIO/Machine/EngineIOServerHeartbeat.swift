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
    /// Until then only the caller pings.
    private let ledUntil: Timestamp
    private var state: State
    /// Since when the client hears nothing of the heartbeat. Version 4: the last ping, or the beginning. Version 3: its
    /// first ping after which nothing came.
    private(set) var silentSince: Timestamp?
    /// How long it has to bear that, as the open packet says; nil for ever.
    private let patience: Int64?
    private var lastHeard: Timestamp
    /// When it was pinged again it had been silent for too long, and the client has said nothing since.
    private var mayBeGone = false

    init(_ settings: EngineIOServerSettings, at now: Timestamp) {
        switch settings.heartbeat {
        case .off: (self.interval, self.timeout, self.ledUntil) = (0, 0, now)
        case .live(let interval, let timeout):
            (self.interval, self.timeout, self.ledUntil) = (max(1, interval), max(1, timeout), now)
        case .led(let interval, let timeout, let until):
            (self.interval, self.timeout) = (max(1, interval), max(1, timeout))
            self.ledUntil = now.advanced(byNs: max(0, until))
        }
        let interval = settings.version == .v4 ? max(0, settings.handshake.pingIntervalMs ?? 0) : 0
        let ms = interval.addingReportingOverflow(max(0, settings.handshake.pingTimeoutMs ?? 0))
        let ns = Int64(clamping: ms.partialValue).multipliedReportingOverflow(by: 1_000_000)
        self.patience = ms.overflow || ns.overflow || ns.partialValue == 0 ? nil : ns.partialValue
        self.lastHeard = now
        self.state = .none
        switch (settings.heartbeat, settings.version) {
        case (.off, _): break
        case (_, .v4): self.state = self.pingDue(after: now)
        case (_, .v3): self.state = .clientDue(now.advanced(byNs: self.interval).advanced(byNs: self.timeout))
        }
        self.silentSince = settings.version == .v4 ? now : nil
    }

    private func pingDue(after now: Timestamp) -> State {
        .pingDue(max(now.advanced(byNs: self.interval), self.ledUntil))
    }

    var deadline: Timestamp? {
        switch self.state {
        case .pingDue(let due), .pongDue(let due), .clientDue(let due): due
        case .none: nil
        }
    }

    /// A tenth early is early enough for any timer.
    func isSilent(at now: Timestamp) -> Bool {
        self.mayBeGone || self.outOfPatience.map { $0 <= now } ?? false
    }

    /// And the client has said nothing since.
    func isForsaken(at now: Timestamp) -> Bool {
        self.mayBeGone || self.outOfPatience.map { $0 <= now && self.lastHeard < $0 } ?? false
    }

    private var outOfPatience: Timestamp? {
        guard let silentSince, let patience else { return nil }
        return silentSince.advanced(byNs: patience / 10 * 9)
    }

    mutating func heard(at now: Timestamp) {
        self.lastHeard = now
        self.mayBeGone = false
    }

    /// Each pong puts the next ping off by the whole interval, asked for or not, as Node's server does.
    mutating func ponged(at now: Timestamp) {
        switch self.state {
        case .pingDue, .pongDue: self.state = self.pingDue(after: now)
        case .clientDue, .none: return
        }
    }

    /// The caller pings. False where its time is over: the heartbeat goes on by itself.
    mutating func led(at now: Timestamp) -> Bool {
        guard now < self.ledUntil else { return false }
        self.noteSilence(at: now)
        guard case .pingDue = self.state else { return true }
        self.state = .pongDue(now.advanced(byNs: self.timeout))
        return true
    }

    private mutating func noteSilence(at now: Timestamp) {
        self.mayBeGone = self.isForsaken(at: now)
        self.silentSince = now
    }

    /// Only a ping counts for version 3; engine.io 6.6.
    mutating func pinged(at now: Timestamp) {
        if self.silentSince == nil { self.silentSince = now }
        guard case .clientDue = self.state else { return }
        self.state = .clientDue(now.advanced(byNs: self.interval).advanced(byNs: self.timeout))
    }

    /// Version 3: any packet of the server answers a ping. Source: engine.io-client 3 `socket.js`, `onHeartbeat`.
    mutating func answered() { self.silentSince = nil }

    mutating func pass(_ now: Timestamp) -> Step {
        switch self.state {
        case .pingDue(let due) where due <= now:
            self.state = .pongDue(now.advanced(byNs: self.timeout))
            self.noteSilence(at: now)
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
