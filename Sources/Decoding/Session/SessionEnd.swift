import TimelineModel

/// How a session ended, as far as it is known: the first sign of an end after its last sign of life.
struct SessionEnd {
    struct Known {
        var endClass: EndClass
        var sender: Sender?
        var at: Timestamp
        var code: UInt16?
    }

    /// How much a sign of an end weighs.
    enum Weight: Comparable {
        /// A poll was cut off or refused: the next one may work.
        case failedPoll
        /// A `close` packet over WebSocket: Node's server, for one, ignores it and goes on.
        case closePacket
        /// The WebSocket that carried the session is gone, or a `close` came over polling, where both sides honour it.
        case final
    }

    private(set) var known: Known?
    private var weight = Weight.failedPoll

    /// A sign of an end. The first one is the end, but for a poll that failed: what the peers say explains it. First by
    /// its time: after loss the two directions are not told in step. A close frame behind a `close` packet still tells
    /// its code.
    mutating func note(_ endClass: EndClass, by sender: Sender?, at: Timestamp, code: UInt16? = nil, _ weight: Weight) {
        let isEarlier = self.known.map { at < $0.at && weight >= self.weight } ?? true
        if isEarlier || (self.weight == .failedPoll && weight > .failedPoll) {
            self.known = Known(endClass: endClass, sender: sender, at: at, code: code)
            self.weight = weight
        } else {
            if self.known?.code == nil { self.known?.code = code }
            self.weight = max(self.weight, weight)
        }
    }

    /// Who gave a sign that was noted is known better.
    mutating func correct(_ endClass: EndClass, at: Timestamp, by sender: Sender?) {
        if self.known?.endClass == endClass, self.known?.at == at { self.known?.sender = sender }
    }

    /// A packet that only a living session sends: what looked like the end was none.
    mutating func clear() {
        if self.weight < .final { self.known = nil }
    }

    /// A poll that works shows that a failed one was not the end; a `close` packet stays what it is.
    mutating func clearFailedPoll() {
        if self.weight == .failedPoll { self.known = nil }
    }
}
