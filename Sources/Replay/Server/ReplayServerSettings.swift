/// How the recorded server is played.
public struct ReplayServerSettings: Hashable, Sendable {
    /// What happens where the client does not say what released a server's packet in the recording.
    public enum Policy: String, Hashable, Sendable, CaseIterable {
        /// The replay ends there, and says what it waited for.
        case strict
        /// After three times the recorded pause and five seconds the packet is sent all the same.
        case lenient
        /// Packets are sent by the clock alone; answers still wait for what they answer.
        case timed
    }

    public enum Heartbeat: String, Hashable, Sendable, CaseIterable {
        /// As a server does: pings, waits for pongs, ends the session without one.
        case live
        /// The recorded heartbeats at their recorded times, so that missed ones are missed again, and live ones beyond
        /// the recording's end. Under version 3, where the client pings, the k-th ping is answered as the k-th was.
        case recorded
        /// None, and intervals that never pass.
        case off
    }

    /// How the server takes what breaks the protocol.
    public enum Profile: String, Hashable, Sendable, CaseIterable {
        /// As the recorded server did: one that let client pings pass lets them pass.
        case recorded
        /// Ends the session with an empty close frame.
        case node
        /// Lets nearly all of it pass.
        case python
    }

    /// What a handshake gets for which the recording has none.
    public enum AfterLast: String, Hashable, Sendable, CaseIterable {
        case refuse
        /// The last recorded session once more.
        case `repeat`
    }

    public var pace: Pace
    public var policy: Policy
    public var heartbeat: Heartbeat
    public var profile: Profile
    public var afterLast: AfterLast
    /// How long the whole replay may take, in nanoseconds; nil for three times the recording at its own pace and a
    /// minute.
    public var limitNs: Int64?
    /// How long the first handshake is waited for once the replay has begun, in nanoseconds; nil for as long as the
    /// limit allows.
    public var handshakeNs: Int64?
    /// JSON pointers into the arguments of events and acks (`/0/createdAt`, the name not counted; `*` stands for any
    /// one key or index) where any value is right.
    public var ignoring: [String]

    public init(
        pace: Pace = .recorded, policy: Policy = .lenient, heartbeat: Heartbeat = .live, profile: Profile = .recorded,
        afterLast: AfterLast = .refuse, limitNs: Int64? = nil, ignoring: [String] = []
    ) {
        self.pace = pace
        self.policy = policy
        self.heartbeat = heartbeat
        self.profile = profile
        self.afterLast = afterLast
        self.limitNs = limitNs
        self.ignoring = ignoring
    }
}
