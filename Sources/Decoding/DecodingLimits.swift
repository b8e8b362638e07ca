/// What a decoder keeps at most. Every default can be changed; memory is bounded by them and by the number of open
/// connections, never by the length of a capture.
public struct DecodingLimits: Hashable, Sendable {
    /// Bytes a direction of a TCP connection holds behind a hole; more, and the hole is taken for a gap.
    public var heldBytes = 4 << 20
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

    public init() {}
}
