public import TimelineModel

/// Sees the bytes of a run in memory, as a tap at the server would: HTTP/1.1 and WebSocket frames.
///
/// Calls come in the order of time. Connections are numbered from 0.
public protocol MemoryWitness {
    mutating func opened(_ connection: Int, at: Timestamp)
    mutating func bytes(_ bytes: [UInt8], of connection: Int, from sender: Sender, at: Timestamp)
    /// The sender's FIN.
    mutating func ended(_ connection: Int, by sender: Sender, at: Timestamp)
    mutating func reset(_ connection: Int, by sender: Sender, at: Timestamp)
}

/// For who needs no bytes.
public struct BlindWitness: MemoryWitness, Sendable {
    public init() {}
    public mutating func opened(_ connection: Int, at: Timestamp) {}
    public mutating func bytes(_ bytes: [UInt8], of connection: Int, from sender: Sender, at: Timestamp) {}
    public mutating func ended(_ connection: Int, by sender: Sender, at: Timestamp) {}
    public mutating func reset(_ connection: Int, by sender: Sender, at: Timestamp) {}
}
