/// What is known of how a connection's answers follow its requests, for where bytes are missing.
///
/// Without pipelining, an answer belongs to the newest request that was sent before it. That holds behind a gap as well;
/// with pipelining nobody can tell how many answers are missing.
struct AnswerPairing {
    /// No answer is shorter: `HTTP/1.1 200` and two ends of line, one of them for the reason's space.
    private static let shortestAnswer = 17

    /// A request was sent before the answer to the one before it had ended.
    var isPipelined = false
    /// Bytes of the client are missing since the newest request: another may be among them.
    private var lacksRequests = false
    /// Which answer belongs to which request cannot be told any more.
    private(set) var isLost = false

    mutating func beginRequest() { self.lacksRequests = false }

    mutating func lackRequests() { self.lacksRequests = true }

    /// Bytes of the server are missing.
    ///
    /// - Parameter requests: sent before what follows them, and nothing of their answers was seen.
    /// - Returns: whether what follows may be taken for the answer to the newest of these.
    mutating func loseAnswers(to requests: Int, bytes: Int) -> Bool {
        guard requests > 0 else { return false }
        // The answers to all but the newest would have to be among the missing bytes.
        if (requests - 1) * Self.shortestAnswer > bytes { self.isPipelined = true }
        if self.isPipelined { self.isLost = true }
        return !self.isLost && !self.lacksRequests
    }
}
