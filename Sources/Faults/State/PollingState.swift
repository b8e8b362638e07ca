public import TimelineModel

/// The polls of one session: GET requests that wait for packets of the server. The last so many are kept.
///
/// A server can hand a packet to a polling client only while a poll is pending: whoever blames it for sending nothing has
/// to know that one was.
///
/// A poll that got no answer, on a connection that did not end, while the session went on: its answer is missing from the
/// capture, with all that would have shown it missing.
public struct PollingState: Hashable, Sendable {
    private struct Poll: Hashable, Sendable {
        var exchangeID: Int64
        var requested: Timestamp
        /// Its answer, or the end of its connection; nil while neither came.
        var ended: Timestamp?
    }

    static let limit = 64

    private var polls: [Poll] = []
    /// When answers came that the capture does not hold.
    private var unseen = SpanIndex()
    /// The newest of those spans, with those that reach up to it.
    private var newestUnseen: ClosedRange<Timestamp>?

    mutating func apply(_ exchange: ExchangeFacts, connection: ConnectionFacts?) {
        guard exchange.method == "GET", !RequestTarget(exchange.target).isWebSocket else { return }
        let poll = Poll(
            exchangeID: exchange.id, requested: exchange.requested,
            ended: exchange.responded ?? connection?.closed)
        if let known = self.polls.lastIndex(where: { $0.exchangeID == exchange.id }) {
            self.polls[known] = poll
            return
        }
        if let last = self.polls.last, last.ended == nil, exchange.status == 200 {
            self.miss(last, until: poll.requested)
        }
        if self.polls.count == Self.limit { self.polls.removeFirst() }
        self.polls.append(poll)
    }

    /// The session goes on over a WebSocket: a client waits for its poll before it says so.
    mutating func leave(at moment: Timestamp) {
        if let last = self.polls.last, last.ended == nil, last.requested < moment { self.miss(last, until: moment) }
    }

    /// A client that is never answered leaves one span, however often it asks.
    private mutating func miss(_ poll: Poll, until next: Timestamp) {
        let span = ClosedRange(between: poll.requested, and: next)
        guard let newest = self.newestUnseen else {
            self.newestUnseen = span
            return
        }
        if newest.upperBound == span.lowerBound {
            self.newestUnseen = newest.lowerBound...span.upperBound
        } else {
            self.unseen.insert(newest)
            self.newestUnseen = span
        }
    }

    /// Whether an answer to a poll may have come in a span that the capture does not hold.
    func missesAnswer(in span: ClosedRange<Timestamp>) -> Bool {
        self.newestUnseen?.overlaps(span) == true || self.unseen.first(meeting: span) != nil
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
