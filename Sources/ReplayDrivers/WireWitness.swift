public import NIOCore
public import TimelineModel

/// Sees every byte of a live run, on the event loops that move them: TLS undone, HTTP and WebSocket not.
public protocol WireWitness: Sendable {
    /// - Parameter client: whose address is the client's; nil where a side has none.
    func opened(_ connection: Int, client: SocketAddress?, server: SocketAddress?, at: Timestamp)
    func bytes(_ buffer: ByteBuffer, of connection: Int, from sender: Sender, at: Timestamp)
    /// The sender's FIN.
    func ended(_ connection: Int, by sender: Sender, at: Timestamp)
    func reset(_ connection: Int, by sender: Sender, at: Timestamp)
}
