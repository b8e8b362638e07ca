import TimelineModel

/// What rules of broken framing have in common: whether an anomaly can be relied on, and what came of it. They hold for
/// plain WebSockets as well, of which no session is known.
struct FramingFault {
    private let anomaly: Anomaly
    private let connection: ConnectionFacts

    /// Nil where the capture does not show enough: the beginning of the connection, which tells who is the client and what
    /// was agreed, or bytes in between, without which the frames may have been cut in the wrong places. Nor does the
    /// decoder's count of what it left out say anything new.
    init?(_ anomaly: Anomaly, _ capture: CaptureState) {
        guard let connection = anomaly.connectionID.flatMap({ capture.connections[$0] }), connection.completeHead,
            connection.missingBytes == 0, connection.clientKnownBy != .port, connection.clientKnownBy != .endpoint,
            !anomaly.detail.hasSuffix("more of this kind on this connection")
        else { return nil }
        self.anomaly = anomaly
        self.connection = connection
    }

    /// RFC 6455, section 7.1.7: who sees it fails the connection. Nil stands for any side.
    func consequence(by side: Sender?) -> Consequence {
        guard self.anomaly.sessionID == nil else { return .end(by: side) }
        guard let closed = self.connection.closed, side == nil || self.connection.closedBy == side,
            (0...1_000_000_000).contains(closed.nanoseconds(since: self.anomaly.at)),
            self.connection.closeKind != .captureEnd
        else { return .none }
        return .shown
    }

    /// The decoder's words, without anything a terminal obeys.
    var detail: String { Phrase.detail(self.anomaly) }

    func report(_ message: String, endedBy side: Sender?, _ report: inout Report) {
        report.add(
            message, at: self.anomaly.at, frameID: self.anomaly.frameID, consequence: self.consequence(by: side),
            evidence: Evidence(
                frames: self.anomaly.frameID.map { [$0] } ?? [], [("connection", .integer(self.connection.id))]))
    }
}
