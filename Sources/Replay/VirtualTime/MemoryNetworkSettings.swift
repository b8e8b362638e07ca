public import TimelineModel

/// What a run in memory goes by.
public struct MemoryNetworkSettings: Sendable {
    /// The time at which it begins.
    public var start: Timestamp
    /// From one end to the other, in nanoseconds; 0 to a minute. Half a millisecond is that of a local network.
    public var latencyNs: Int64
    /// How long the run may take by its own clock.
    public var limitNs: Int64
    /// What `Host` says.
    public var host: String
    /// Answers `fetchAuth`: namespace and recorded payload to the payload that is sent. Without: what is recorded.
    public var auth: @Sendable (String, String?) -> String?
    /// How long that takes, in nanoseconds.
    public var authDelayNs: Int64 = 0
    /// How long the client may go on once the server waits for nothing more, in nanoseconds.
    public var lingerNs: Int64 = 0
    /// A day that nobody lives in: runs that say nothing of the time are alike.
    public static let beginning = Timestamp(nanoseconds: 1_735_689_600_000_000_000)

    public init(
        start: Timestamp = MemoryNetworkSettings.beginning, latencyNs: Int64 = 500_000,
        limitNs: Int64 = 7 * 86_400_000_000_000,
        host: String = "sioscope.invalid",
        auth: @escaping @Sendable (String, String?) -> String? = { _, recorded in recorded }
    ) {
        self.start = start
        self.latencyNs = min(max(0, latencyNs), 60_000_000_000)
        self.limitNs = limitNs
        self.host = host
        self.auth = auth
    }
}

/// Why a run in memory ended.
public enum MemoryNetworkEnd: Hashable, Sendable {
    /// The server's role waits for nothing more.
    case finished
    /// Nothing is under way, and no role waits for a time.
    case quiet
    /// Its time was up.
    case limit
    /// A role let time stand still.
    case stuck
    /// Whoever ran it wanted it to end.
    case cut
}
