/// A WebSocket control frame.
public enum WebSocketControl: Hashable, Sendable {
    case ping([UInt8])
    case pong([UInt8])
    /// `code` is nil for an empty body.
    case close(code: UInt16?, reason: String)

    /// Whether a close frame may carry this code. Source: RFC 6455, section 7.4; IANA's registry of close codes; `ws`
    /// lib/validation.js, `isValidStatusCode`.
    public static func mayCarry(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
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
