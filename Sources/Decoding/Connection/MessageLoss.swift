import Wire

extension WebSocketMessage.Loss {
    /// Why the bytes of a message are not there, for the anomaly of its frame.
    ///
    /// - Parameters:
    ///   - limitBytes: the largest message that is kept.
    ///   - place: where it begins, if the source tells.
    func reason(limitBytes: Int, at place: String? = nil) -> String {
        let this = "this message" + (place.map { " " + $0 } ?? "")
        return switch self {
        case .gap: "a part of \(this) is not in the capture; expected all of it"
        case .overLimit: "\(this) is larger than what is kept; expected at most \(limitBytes) bytes"
        case .unknownContext:
            "\(this) is deflated against earlier ones that the capture misses; expected these too"
        case .corrupt: "the deflate data of \(this) is corrupt; expected what RFC 7692 asks for"
        case .told(let reason): reason
        }
    }
}
