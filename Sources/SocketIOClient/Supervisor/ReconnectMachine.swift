/// How to reconnect.
public struct ReconnectPolicy: Hashable, Sendable {
    /// The shortest first delay, and the factor of each further one. Nanoseconds.
    public var firstDelayNs: Int64 = 1_000_000_000
    public var factor = 2.0
    /// No delay is longer.
    public var longestDelayNs: Int64 = 60_000_000_000
    /// A delay is drawn from itself to so much more of itself, so that none is shorter than the first: with 1 from 1 to
    /// 2 s, from 2 to 4 s, and at last from 30 to 60 s. The longest ones, too, are drawn: clients that lost a server
    /// together must not come back together. (The reference client caps behind the jitter, so that its late delays are
    /// equal.)
    public var jitter = 1.0
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
        let first = min(Double(max(0, self.policy.firstDelayNs)), longest)
        let spread = 1 + (self.policy.jitter.isFinite ? max(0, self.policy.jitter) : 0)
        // The last step leaves room for its jitter below the longest delay.
        let last = max(first, longest / spread)
        var delay = first
        // Ends there, so that no number of failures overflows.
        var step = 0
        while step < self.failures, delay < last, self.policy.factor > 1 {
            delay *= self.policy.factor
            step += 1
        }
        self.failures += 1
        let drawn = min(delay, last) * (1 + (spread - 1) * (random.isFinite ? min(1, max(0, random)) : 1))
        // No more than fits, where the longest is that of the type.
        return .retry(afterNs: Int64(exactly: min(drawn, longest).rounded()) ?? .max)
    }
}
