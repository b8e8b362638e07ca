/// A WebSocket control frame.
public enum WebSocketControl: Hashable, Sendable {
    case ping([UInt8])
    case pong([UInt8])
    /// `code` is nil for an empty body.
    case close(code: UInt16?, reason: String)
}

/// How one end lets go of a connection.
public enum ConnectionEnd: Hashable, Sendable {
    /// A WebSocket close frame, then, once it is answered or the peer is gone, FIN. `code` nil sends an empty body.
    case webSocketClose(code: UInt16?, reason: String)
    /// FIN without a word before it.
    case fin
    /// RST.
    case reset
}
