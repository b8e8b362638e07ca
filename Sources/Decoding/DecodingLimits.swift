/// What a decoder keeps at most. Every default can be changed; memory is bounded by them and by the number of open
/// connections, never by the length of a capture.
public struct DecodingLimits: Hashable, Sendable {
    /// Bytes a direction of a TCP connection holds behind a hole; more, and the hole is taken for a gap.
    public var heldBytes = 4 << 20
    /// Bytes a direction of a WebSocket holds that was joined late, or behind a gap, until they prove where a frame begins.
    public var unprovenBytes = 64 << 10
    /// Messages of a WebSocket that was joined late, until a text says whether they are of an Engine.IO session: the bytes
    /// of a connection's, each with a little more for itself. Behind that they are rows without a session.
    public var undecidedBytes = 4 << 20
    /// How long they wait for it. Heartbeats are such texts; who watches live wants to see something.
    public var undecidedNs: Int64 = .max
    /// The largest message, and the largest HTTP body, before and after inflate. Larger ones are skipped and reported.
    public var messageBytes = 16 << 20
    /// Connections without a packet for so long are let go; a later packet begins them anew, mid-stream.
    public var idleConnectionNs: Int64 = 3_600_000_000_000
    /// Connections kept at once; the longest idle one is let go for a new one.
    public var connections = 65_536
    /// Frames held back to come out in time order while a connection waits for a retransmission.
    public var waitingFrames = 65_536
    /// Bytes of payload those frames hold together; more, and they come out as they are.
    public var waitingBytes = 32 << 20
    /// How long they are held back. What a file gives is at hand anyway, so there is no limit; who watches live wants
    /// to see something, and frames that turn out to be older then come late, with a higher id.
    public var holdNs: Int64 = .max
    /// Sessions that showed nothing for so long are let go, about a kilobyte each: whether they ended or not, their rows
    /// are written. A later request that names such a one makes a session that began before.
    public var silentSessionNs: Int64 = .max
    /// Sessions kept at once; the longest silent ones are let go for new ones.
    public var sessions = Int.max
    /// Those among them that have ended, likewise.
    public var endedSessions = Int.max

    public init() {}

    /// For traffic that goes on for days: nothing grows with its length.
    public static var live: DecodingLimits {
        var limits = DecodingLimits()
        // A little more than a hole waits once the receiver has acknowledged it.
        limits.holdNs = 4_000_000_000
        // A little more than the usual ping interval.
        limits.undecidedNs = 30_000_000_000
        limits.silentSessionNs = 3_600_000_000_000
        limits.sessions = 65_536
        limits.endedSessions = 2_048
        return limits
    }
}
