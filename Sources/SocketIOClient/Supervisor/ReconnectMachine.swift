/// How to reconnect.
public struct ReconnectPolicy: Hashable, Sendable {
    /// The first delay, and the factor of each further one, up to the longest. Nanoseconds.
    public var firstDelayNs: Int64 = 1_000_000_000
    public var factor = 2.0
    public var longestDelayNs: Int64 = 60_000_000_000
    /// A delay is drawn from this part of it to all of it, also the longest one: clients that lost a server together
    /// must not come back together. (The reference client caps behind the jitter, so that its late delays are equal.)
    public var jitterFrom = 0.5
    /// A connection that lived so long begins anew with the first delay. A shorter one does not: a server that accepts
    /// and then ends every connection would be asked each second for ever.
    public var steadyAfterNs: Int64 = 60_000_000_000
    /// Attempts in a row without a connection that lasted; nil for no end.
    public var attempts: Int?

    public init() {}
}

/// Decides after each end whether and when to connect again. Neither clock nor random generator: both go in.
public struct ReconnectMachine: Sendable {
    public enum Decision: Hashable, Sendable {
        case stop
        case retry(afterNs: Int64)
    }

    private let policy: ReconnectPolicy
    /// Ends since a connection lasted.
    public private(set) var failures = 0

    public init(_ policy: ReconnectPolicy = ReconnectPolicy()) {
        self.policy = policy
    }

    /// - Parameters:
    ///   - livedNs: from the open packet to the end; 0 where none came.
    ///   - random: from 0 to 1.
    public mutating func ended(mayReconnect: Bool, livedNs: Int64, random: Double) -> Decision {
        guard mayReconnect else { return .stop }
        if livedNs >= self.policy.steadyAfterNs { self.failures = 0 }
        if let attempts = self.policy.attempts, self.failures >= attempts { return .stop }
        let longest = Double(max(0, self.policy.longestDelayNs))
        var delay = Double(max(0, self.policy.firstDelayNs))
        // Ends at the longest delay, so that no number of failures overflows.
        var step = 0
        while step < self.failures, delay < longest, self.policy.factor > 1 {
            delay *= self.policy.factor
            step += 1
        }
        self.failures += 1
        let part = min(1, max(0, self.policy.jitterFrom))
        let share = part + (1 - part) * (random.isFinite ? min(1, max(0, random)) : 1)
        return .retry(afterNs: Int64(min(delay, longest) * share))
    }
}
