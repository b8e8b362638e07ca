public import TimelineModel

/// The polls of one session: GET requests that wait for packets of the server. The last so many are kept.
///
/// A server can hand a packet to a polling client only while a poll is pending: whoever blames it for sending nothing has
/// to know that one was.
public struct PollingState: Hashable, Sendable {
    private struct Poll: Hashable, Sendable {
        var exchangeID: Int64
        var requested: Timestamp
        /// Its answer, or the end of its connection; nil while neither came.
        var ended: Timestamp?
    }

    static let limit = 64

    private var polls: [Poll] = []

    mutating func apply(_ exchange: ExchangeFacts, connection: ConnectionFacts?) {
        guard exchange.method == "GET", !RequestTarget(exchange.target).isWebSocket else { return }
        let poll = Poll(
            exchangeID: exchange.id, requested: exchange.requested,
            ended: exchange.responded ?? connection?.closed)
        if let known = self.polls.lastIndex(where: { $0.exchangeID == exchange.id }) {
            self.polls[known] = poll
            return
        }
        if self.polls.count == Self.limit { self.polls.removeFirst() }
        self.polls.append(poll)
    }

    /// Whether one and the same poll was pending during all of a span.
    public func waited(over span: ClosedRange<Timestamp>) -> Bool {
        self.polls.contains { poll in
            poll.requested <= span.lowerBound && (poll.ended.map { $0 >= span.upperBound } ?? true)
        }
    }
}

extension ExchangeFacts {
    /// It asks for the WebSocket of a session that exists already.
    var isUpgradeOfSession: Bool {
        let target = RequestTarget(self.target)
        return target.isWebSocket && target.sid != nil
    }
}
