public import TimelineModel

/// A big message and the time in which it may have kept its direction busy.
public struct BulkTransfer: Hashable, Sendable {
    /// Nil for the body of a polling request or answer, which has no frame of its own.
    public var frameID: Int64?
    /// Not before this moment did its first byte cross the wire; over polling it is that moment.
    public var from: Timestamp
    /// When its last byte arrived.
    public var to: Timestamp
    /// What it cost on the wire.
    public var wireBytes: Int

    /// How much of a span of time it may have filled; 0 where they do not meet.
    public func overlapNs(with span: ClosedRange<Timestamp>) -> Int64 {
        max(0, min(self.to, span.upperBound).nanoseconds(since: max(self.from, span.lowerBound)))
    }
}

/// The last big messages of each direction of a session: what a ping or pong had to wait behind.
///
/// A frame has no time of its first byte. Over WebSocket the message cannot have begun before the frame before it in its
/// direction was over, nor is a link taken to be slower than `slowestBytesPerSecond`: the later of the two bounds its
/// beginning. A sender that was busy and not its link looks the same; the second bound keeps that apart where the
/// message is small for the silence before it. Over polling the bodies' own times are known.
public struct BulkState: Hashable, Sendable {
    /// Smaller messages are nobody's reason to be late.
    public static let leastBytes = 64 << 10
    /// Shorter transfers are not kept.
    static let leastNs: Int64 = 100_000_000
    /// Of each direction so many are kept, the newest.
    static let limit = 16
    static let slowestBytesPerSecond: Int64 = 16 << 10

    private var client = BulkDirection()
    private var server = BulkDirection()

    /// The kept transfers of one side, oldest first.
    public func transfers(of sender: Sender) -> [BulkTransfer] {
        sender == .client ? self.client.transfers : self.server.transfers
    }

    /// The transfer of one side that may have filled most of a span of time: from a ping to its pong, for one. A pong is
    /// excused where `overlapNs` of it is more than half of pingTimeout.
    public func longest(of sender: Sender, in span: ClosedRange<Timestamp>) -> BulkTransfer? {
        self.transfers(of: sender).filter { $0.overlapNs(with: span) > 0 }
            .max { $0.overlapNs(with: span) < $1.overlapNs(with: span) }
    }

    mutating func apply(_ frame: Frame) {
        guard frame.transport == .websocket else { return }
        if frame.sender == .client { self.client.apply(frame) } else { self.server.apply(frame) }
    }

    mutating func apply(_ exchange: ExchangeFacts) {
        self.client.add(exchange.requestBytes, from: exchange.requested, to: exchange.requestEnded)
        self.server.add(exchange.responseBytes, from: exchange.answered, to: exchange.responded)
    }
}

private struct BulkDirection: Hashable, Sendable {
    var transfers: [BulkTransfer] = []
    private var lastConnectionID: Int64?
    private var lastAt = Timestamp.zero

    mutating func apply(_ frame: Frame) {
        defer { (self.lastConnectionID, self.lastAt) = (frame.connectionID, frame.at) }
        guard frame.wireBytes >= BulkState.leastBytes, self.lastConnectionID == frame.connectionID else { return }
        // A size is untrusted, and a product of it and a second must not overflow.
        let wireBytes = Int64(clamping: min(frame.wireBytes, 1 << 32))
        let longestNs = wireBytes * (1_000_000_000 / BulkState.slowestBytesPerSecond)
        let (earliest, overflow) = frame.at.nanoseconds.subtractingReportingOverflow(longestNs)
        let from = overflow ? self.lastAt : max(self.lastAt, Timestamp(nanoseconds: earliest))
        self.add(frame.wireBytes, frameID: frame.id, from: from, to: frame.at)
    }

    mutating func add(_ wireBytes: Int, frameID: Int64? = nil, from: Timestamp?, to: Timestamp?) {
        guard wireBytes >= BulkState.leastBytes, let from, let to, to.nanoseconds(since: from) >= BulkState.leastNs
        else {
            return
        }
        if self.transfers.count == BulkState.limit { self.transfers.removeFirst() }
        self.transfers.append(BulkTransfer(frameID: frameID, from: from, to: to, wireBytes: wireBytes))
    }
}
