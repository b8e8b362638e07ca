public import TimelineModel

/// A place where two recordings say different things.
public struct SessionDifference: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// In the first recording alone.
        case missing
        /// In the second alone.
        case extra
        /// In both, with another value: `places` names where.
        case changed
        /// In both, at another place among the packets of its direction and namespace.
        case reordered
    }

    public enum Subject: String, Hashable, Sendable {
        case packet
        /// A whole session of the lineage, or a refused handshake.
        case life
        /// How a session ended.
        case end
        case transports
    }

    public var kind: Kind
    public var subject: Subject
    /// Number of the session within its lineage, from 1.
    public var life: Int
    public var sender: Sender?
    /// Nil for what is no Socket.IO.
    public var namespace: String?
    /// `frames.id` in the two recordings.
    public var frameA: Int64?
    public var frameB: Int64?
    /// Nanoseconds since the session's start, in the recording that has it; of both the first.
    public var atNs: Int64?
    /// What it is, short, for a person: `event ["chat","a"]`.
    public var what: String
    /// `recorded` is the first recording's, `live` the second's.
    public var places: [JSONDifference]
    /// What else is to be known; empty for nothing.
    public var detail: String

    public init(
        _ kind: Kind, _ subject: Subject, life: Int, sender: Sender? = nil, namespace: String? = nil,
        frameA: Int64? = nil, frameB: Int64? = nil, atNs: Int64? = nil, what: String, places: [JSONDifference] = [],
        detail: String = ""
    ) {
        self.kind = kind
        self.subject = subject
        self.life = life
        self.sender = sender
        self.namespace = namespace
        self.frameA = frameA
        self.frameB = frameB
        self.atNs = atNs
        self.what = what
        self.places = places
        self.detail = detail
    }
}

/// A packet that came after its cause sooner or later than in the other recording.
public struct TimeDifference: Hashable, Sendable {
    public var life: Int
    public var sender: Sender
    public var namespace: String?
    public var frameA: Int64
    public var frameB: Int64
    public var what: String
    /// From the packet before it, or from the one that it answers; nanoseconds.
    public var delayA: Int64
    public var delayB: Int64
}

/// What the heartbeats of a session were like; never a difference.
public struct HeartbeatSummary: Hashable, Sendable {
    public var pingIntervalMs: Int?
    public var pingTimeoutMs: Int?
    public var pingsClient = 0
    public var pingsServer = 0
    public var pongs = 0
    /// Longest time from a ping to the other side's pong, in nanoseconds.
    public var slowestPongNs: Int64?
}

/// Two sessions, or refused handshakes, at the same place of their lineages.
public struct LifeComparison: Hashable, Sendable {
    public var life: Int
    /// `sessions.id`; nil for a refused handshake, and where a side has none.
    public var sessionA: Int64?
    public var sessionB: Int64?
    /// Packets that are the same, of so many.
    public var equal = 0
    public var packetsA = 0
    public var packetsB = 0
    public var heartbeatsA: HeartbeatSummary?
    public var heartbeatsB: HeartbeatSummary?
    /// What makes the comparison worth less: gaps, a recording that was cut off.
    public var notes: [String] = []
}

/// What came of comparing two recordings.
public struct DiffOutcome: Hashable, Sendable {
    /// In the order of the lives; within one as they happened. At most `DiffSettings.limit`.
    public internal(set) var differences: [SessionDifference] = []
    public internal(set) var differenceCount = 0
    /// All of them, by kind.
    public internal(set) var counts: [SessionDifference.Kind: Int] = [:]
    public internal(set) var lives: [LifeComparison] = []
    /// At most `DiffSettings.limit`. Nothing here makes recordings differ: content and time are apart.
    public internal(set) var times: [TimeDifference] = []
    public internal(set) var timeCount = 0
    /// Pairs of packets whose delays were compared.
    public internal(set) var timedPairs = 0

    public init() {}

    /// They say the same, in the same order.
    public var isEqual: Bool { self.differenceCount == 0 }
}
