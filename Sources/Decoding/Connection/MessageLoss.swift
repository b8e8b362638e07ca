import Wire

extension WebSocketMessage.Loss {
    /// Why the bytes of a message are not there, for the anomaly of its frame.
    ///
    /// - Parameter limitBytes: the largest message that is kept.
    func reason(limitBytes: Int) -> String {
        switch self {
        case .gap: "a part of this message is not in the capture; expected all of it"
        case .overLimit: "this message is larger than what is kept; expected at most \(limitBytes) bytes"
        case .unknownContext:
            "this message is deflated against earlier ones that the capture misses; expected these too"
        case .corrupt: "the deflate data of this message is corrupt; expected what RFC 7692 asks for"
        case .told(let reason): reason
        }
    }
}
