import EngineIO
import TimelineModel

/// The client's half of a live heartbeat. Recorded heartbeats play no part: a pong that nobody asked for would put the
/// server's next ping off.
///
/// Version 4: the server pings, the client answers, and gives up pingInterval + pingTimeout after the latest ping.
/// Version 3: the client pings each pingInterval, and gives up where nothing at all comes within pingTimeout.
/// Sources: Engine.IO protocol v4 and v3, "Heartbeat".
struct ClientHeartbeat: Sendable {
    enum Tick: Equatable {
        case nothing
        case ping
        /// Nothing was heard for so many milliseconds.
        case dead(afterMs: Int64)
    }

    private enum State: Sendable {
        case off
        /// Version 4.
        case listening(until: Timestamp)
        /// Version 3, between two pings.
        case resting(pingAt: Timestamp)
        /// Version 3, after a ping.
        case awaiting(until: Timestamp)
    }

    /// What engine.io-client 3 falls back to where an open packet names no interval, or none above 0.
    private static let defaultIntervalMs = 25_000
    private static let defaultTimeoutMs = 60_000

    private var state = State.off
    private var intervalNs: Int64 = 0
    private var timeoutNs: Int64 = 0
    private var watchdogNs: Int64?

    var deadline: Timestamp? {
        switch self.state {
        case .off: nil
        case .listening(let at), .resting(let at), .awaiting(let at): at
        }
    }

    mutating func start(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) {
        switch version {
        case .v4:
            self.watchdogNs = handshake.watchdogNs
            self.state = self.watchdogNs.map { .listening(until: now.advanced(byNs: $0)) } ?? .off
        case .v3:
            self.intervalNs = Self.nanoseconds(ms: handshake.pingIntervalMs, or: Self.defaultIntervalMs)
            self.timeoutNs = Self.nanoseconds(ms: handshake.pingTimeoutMs, or: Self.defaultTimeoutMs)
            self.state = .resting(pingAt: now.advanced(byNs: self.intervalNs))
        }
    }

    /// A packet came from the server.
    mutating func hear(_ type: EngineIOType, at now: Timestamp) {
        switch self.state {
        case .listening:
            // Only pings tell that the server's timer runs.
            guard type == .ping, let watchdogNs else { return }
            self.state = .listening(until: now.advanced(byNs: watchdogNs))
        case .awaiting where type == .pong:
            self.state = .resting(pingAt: now.advanced(byNs: self.intervalNs))
        case .awaiting:
            self.state = .awaiting(until: now.advanced(byNs: self.timeoutNs))
        case .off, .resting: return
        }
    }

    mutating func timePassed(at now: Timestamp) -> Tick {
        switch self.state {
        case .listening(let until) where until <= now:
            self.state = .off
            return .dead(afterMs: (self.watchdogNs ?? 0) / 1_000_000)
        case .awaiting(let until) where until <= now:
            self.state = .off
            return .dead(afterMs: self.timeoutNs / 1_000_000)
        case .resting(let pingAt) where pingAt <= now:
            self.state = .awaiting(until: now.advanced(byNs: self.timeoutNs))
            return .ping
        case .off, .listening, .awaiting, .resting: return .nothing
        }
    }

    private static func nanoseconds(ms: Int?, or fallback: Int) -> Int64 {
        let ms = Int64(ms.flatMap { $0 > 0 ? $0 : nil } ?? fallback)
        let (ns, overflow) = ms.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : ns
    }
}
