import TimelineModel

/// What comes out of one direction of a TCP connection, in stream order.
public enum StreamEvent: Hashable, Sendable {
    /// The bytes beside the event.
    case bytes(ChunkFacts)
    /// Bytes that were on the wire and are not in the capture. Never text in the data: a value with a count.
    case gap(count: Int, at: Timestamp)
    /// The sender's FIN, with all before it handed out.
    case fin(at: Timestamp)
}

/// Puts one direction of a TCP connection in order. Sources: RFC 9293, section 3.4 (sequence numbers wrap) and 3.10.
///
/// Bytes are handed out once, in stream order, the first copy of each wins. A segment behind a hole is held. The hole
/// is declared a gap when it is known that it will not be filled: the receiver has acknowledged it a while ago
/// (`acknowledgedPatienceNs`), too much or too long is held (`limitBytes`, `patienceNs`), or the stream ends.
/// Bytes that waited for a retransmission are stamped with its arrival, as the receiver saw it; bytes behind a gap
/// with their own, for the receiver had them in time.
public struct StreamReassembler {
    /// A capture may hold packets out of order, the data after its acknowledgement: that long a hole is given after it.
    static let acknowledgedPatienceNs: Int64 = 3_000_000_000
    /// The same where the connection is being closed, so that what is held is not told after the end.
    static let closingPatienceNs: Int64 = 20_000_000
    /// Holes that nobody acknowledges wait for a retransmission: longer than most retransmission timers.
    static let patienceNs: Int64 = 120_000_000_000
    /// Out-of-order arrival within this time is the network's reordering; the same bound as Wireshark's. Also: a copy
    /// that arrives within it is the capture's own doubling, not the sender's.
    static let reorderingNs: Int64 = 3_000_000
    /// Later it may be a retransmission. It is one where the sender's clock says so; without that, where the sender had
    /// a reason for one: its timer, which no stack sets shorter, or as many duplicate acknowledgements as
    /// RFC 5681, section 3.2, asks for.
    static let shortestTimeoutNs: Int64 = 200_000_000
    static let duplicatesForRetransmission = 3

    /// No window is larger (RFC 7323, section 2.3): an acknowledgement further ahead is none of this stream's.
    static let largestWindow: Int64 = 1 << 30

    /// What a held piece costs beside its bytes, generously: so many tiny ones are too much soon.
    public static let pieceCost = 512

    private struct Held {
        var start: Int64
        var bytes: [UInt8]
        /// Bytes behind `bytes` that a snap length cut off.
        var missing: Int
        var at: Timestamp
        var timestampValue: UInt32?
        var end: Int64 { self.start + Int64(self.bytes.count + self.missing) }
    }

    /// What the receiver had before it was seen.
    private struct Acknowledged {
        var upTo: Int64
        /// Of the first of it, and of all of it.
        var at: Timestamp
        var allAt: Timestamp
    }

    private let limitBytes: Int
    /// Sequence number of the byte at `position`; nil until the first segment.
    private var nextSequence: UInt32?
    /// Bytes handed out or missed so far.
    public private(set) var position: Int64 = 0
    private var held: [Held] = []
    private var heldBytes = 0
    private var acknowledged: Acknowledged?
    /// Acknowledgements of what is before the hole, since there is one.
    private var duplicates = 0
    /// Where the first FIN seen stands, which may be behind a hole.
    private var fin: (position: Int64, at: Timestamp)?
    private var isEnded = false
    private var lastDelivered: Timestamp?
    /// Joined without its SYN.
    public private(set) var isMidStream = false
    public private(set) var retransmittedSegments: Int64 = 0
    public private(set) var missingBytes: Int64 = 0

    public init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Since when bytes are awaited that would come out with a time in the past, at the longest: behind a hole bytes
    /// are held, or what was acknowledged was not seen yet. Nil while there are none.
    public var heldSince: Timestamp? {
        guard let unseen = self.unseenSince else { return self.firstHeldAt }
        return self.firstHeldAt.map { min($0, unseen) } ?? unseen
    }

    private var firstHeldAt: Timestamp?
    private var unseenSince: Timestamp?

    /// Bytes are awaited in front of others, or of the FIN: time may give them up.
    public var hasHole: Bool { self.beyondHole != nil }

    /// The other direction sent its FIN.
    public var isClosing = false

    /// One segment of this direction.
    public mutating func receive(
        _ segment: Segment, _ payload: Span<UInt8>, _ event: (StreamEvent, Span<UInt8>) -> Void
    ) {
        // What a RST carries is a remark on the reset and no part of the stream, RFC 9293 section 3.5.2.
        if segment.flags.contains(.rst) { return }
        let isSyn = segment.flags.contains(.syn)
        // Data on a SYN has the number behind the SYN's own.
        let dataSequence = isSyn ? segment.sequence &+ 1 : segment.sequence
        guard let next = self.nextSequence else {
            // Mid-stream an empty segment tells nothing for sure: a keep-alive has the number of the byte before.
            guard isSyn || segment.payloadLength > 0 || segment.flags.contains(.fin) else { return }
            self.nextSequence = dataSequence
            self.isMidStream = !isSyn
            self.accept(segment, payload, at: 0, event)
            return
        }
        let start = self.position + Int64(Int32(bitPattern: dataSequence &- next))
        self.accept(segment, payload, at: start, event)
    }

    /// The other direction acknowledged everything before `number`.
    ///
    /// - Parameters:
    ///   - sent: when it did so at the latest; nil for `at`.
    ///   - isAlone: the segment carries nothing else.
    public mutating func acknowledge(
        _ number: UInt32, at: Timestamp, sent: Timestamp? = nil, isAlone: Bool = true,
        _ event: (StreamEvent, Span<UInt8>) -> Void
    ) {
        guard let next = self.nextSequence else { return }
        let upTo = self.position + Int64(Int32(bitPattern: number &- next))
        if upTo == self.position, isAlone, self.firstHeldAt != nil { self.duplicates += 1 }
        if upTo > self.position, upTo >= self.acknowledged?.upTo ?? 0 {
            let sent = sent ?? at
            let before = self.acknowledged.flatMap { $0.upTo > self.position ? $0 : nil }
            let isMore = upTo > before?.upTo ?? 0
            self.acknowledged = Acknowledged(
                upTo: upTo, at: min(before?.at ?? sent, sent), allAt: isMore ? sent : min(before?.allAt ?? sent, sent))
        }
        self.giveUpHoles(at: at, event)
        self.noteUnseen(at: at)
    }

    /// Time goes by without a segment: what was waited for long enough is given up.
    public mutating func tick(at: Timestamp, _ event: (StreamEvent, Span<UInt8>) -> Void) {
        self.giveUpHoles(at: at, event)
        self.noteUnseen(at: at)
    }

    /// The stream is over (RST, end of the capture, idle): what is held comes out, with gaps.
    public mutating func finish(_ event: (StreamEvent, Span<UInt8>) -> Void) {
        while self.beyondHole != nil { self.skipHole(event) }
        if let unseen = self.unseen { self.miss(unseen.count, at: unseen.at, event) }
        self.unseenSince = nil
    }

    /// The receiver had bytes that nobody saw, however long ago.
    public var lacksBytes: Bool { self.unseen != nil }

    /// What the receiver had and nobody saw; one number alone may be that of a FIN.
    private var unseen: (count: Int, at: Timestamp)? {
        guard !self.isEnded, let acknowledged = self.acknowledged else { return nil }
        let count = acknowledged.upTo - self.position
        return count > 1 && count <= Self.largestWindow ? (Int(count), acknowledged.at) : nil
    }

    private mutating func noteUnseen(at: Timestamp) {
        self.unseenSince = self.unseen.flatMap { at.nanoseconds(since: $0.at) < self.patience ? $0.at : nil }
    }

    /// How long a hole is given after its acknowledgement.
    private var patience: Int64 {
        self.isClosing || self.fin != nil ? Self.closingPatienceNs : Self.acknowledgedPatienceNs
    }

    private mutating func accept(
        _ segment: Segment, _ payload: Span<UInt8>, at start: Int64, _ event: (StreamEvent, Span<UInt8>) -> Void
    ) {
        let end = start + Int64(segment.payloadLength)
        if segment.flags.contains(.fin), self.fin == nil { self.fin = (end, segment.at) }
        if segment.payloadLength > 0, !self.isEnded {
            if start > self.position {
                self.hold(start, payload, segment)
            } else if end > self.position {
                let known = Int(self.position - start)
                let knownAt = self.knownAt(end, before: segment.at, isNext: true)
                let late = knownAt == nil && self.isRetransmission(segment)
                if late || known > 0 { self.retransmittedSegments += 1 }
                let missing = segment.payloadLength - max(payload.count, known)
                let fresh = payload.extracting(min(known, payload.count)..<payload.count)
                let at = knownAt ?? segment.at
                self.deliver(fresh, missing, ChunkFacts(at: at, isRetransmitted: late), event)
                self.deliverHeld(at: at, event)
            } else if let last = self.lastDelivered, segment.at.nanoseconds(since: last) > Self.reorderingNs,
                segment.payloadLength > 1  // one old byte is a keep-alive
            {
                self.retransmittedSegments += 1
            }
        }
        self.giveUpHoles(at: segment.at, event)
        self.endIfDone(at: segment.at, event)
        self.noteUnseen(at: segment.at)
    }

    /// When the receiver had what ends there, where it acknowledged that before it was seen: only the capture is out of
    /// order. Just before, for what acknowledged it may be the answer.
    ///
    /// - Parameter isNext: the first that was not seen, so the first acknowledgement of such was for it.
    private func knownAt(_ end: Int64, before at: Timestamp, isNext: Bool) -> Timestamp? {
        guard let acknowledged = self.acknowledged, acknowledged.upTo >= end else { return nil }
        let known = isNext ? acknowledged.at : acknowledged.allAt
        return known < at ? Timestamp(nanoseconds: known.nanoseconds &- 1) : nil
    }

    /// When a segment of this direction was sent at the latest: before it was captured, where that was acknowledged
    /// earlier.
    func sent(_ segment: Segment) -> Timestamp {
        guard segment.payloadLength > 0, let next = self.nextSequence, self.acknowledged?.upTo ?? 0 > self.position
        else { return segment.at }
        let start = self.position + Int64(Int32(bitPattern: segment.sequence &- next))
        let end = start + Int64(segment.payloadLength)
        guard end > self.position else { return segment.at }
        return self.knownAt(end, before: segment.at, isNext: start <= self.position) ?? segment.at
    }

    /// Whether a segment that fills the hole was sent again. Bytes that nobody saw before may as well be late.
    private func isRetransmission(_ segment: Segment) -> Bool {
        guard let behind = self.held.first else { return false }
        let waited = segment.at.nanoseconds(since: behind.at)
        guard waited > Self.reorderingNs else { return false }
        if let sent = segment.timestampValue, let sentBehind = behind.timestampValue, sent != sentBehind {
            // Sent after what is behind it.
            return Int32(bitPattern: sent &- sentBehind) > 0
        }
        return waited >= Self.shortestTimeoutNs || self.duplicates >= Self.duplicatesForRetransmission
    }

    private mutating func endIfDone(at: Timestamp, _ event: (StreamEvent, Span<UInt8>) -> Void) {
        guard let fin = self.fin, !self.isEnded, self.position >= fin.position else { return }
        self.isEnded = true
        // What claims a place behind the FIN is no part of the stream.
        self.held.removeAll()
        self.heldBytes = 0
        self.firstHeldAt = nil
        let none: [UInt8] = []
        event(.fin(at: max(at, fin.at)), none.span)
    }

    private mutating func deliver(
        _ bytes: Span<UInt8>, _ missing: Int, _ facts: ChunkFacts, _ event: (StreamEvent, Span<UInt8>) -> Void
    ) {
        if bytes.count > 0 {
            var facts = facts
            facts.offset = self.position
            self.advance(bytes.count)
            self.lastDelivered = facts.at
            event(.bytes(facts), bytes)
        }
        if missing > 0 { self.miss(missing, at: facts.at, event) }
    }

    private mutating func miss(_ count: Int, at: Timestamp, _ event: (StreamEvent, Span<UInt8>) -> Void) {
        self.advance(count)
        self.missingBytes += Int64(count)
        let none: [UInt8] = []
        event(.gap(count: count, at: at), none.span)
    }

    private mutating func advance(_ count: Int) {
        self.position += Int64(count)
        self.nextSequence = self.nextSequence.map { $0 &+ UInt32(truncatingIfNeeded: count) }
    }

    /// Where the pieces begin that end behind `position`; they are in order and do not overlap.
    private func firstHeld(endingAfter position: Int64) -> Int {
        var low = 0
        var high = self.held.count
        while low < high {
            let middle = (low + high) / 2
            if self.held[middle].end > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Keeps what of the segment is not held yet; the first copy of each byte wins.
    private mutating func hold(_ start: Int64, _ payload: Span<UInt8>, _ segment: Segment) {
        self.firstHeldAt = self.firstHeldAt ?? segment.at
        var from = start
        let captured = start + Int64(payload.count)
        let end = start + Int64(segment.payloadLength)
        var index = self.firstHeld(endingAfter: from)
        while from < end {
            let next = index < self.held.count ? self.held[index] : nil
            if let next, next.start <= from {
                from = max(from, next.end)
                index += 1
                continue
            }
            let until = min(end, next?.start ?? end)
            let first = Int(min(from, captured) - start)
            let last = Int(min(until, captured) - start)
            let piece = Held(
                start: from, bytes: payload.array(first..<last), missing: Int(until - from) - (last - first),
                at: self.knownAt(until, before: segment.at, isNext: false) ?? segment.at,
                timestampValue: segment.timestampValue)
            self.held.insert(piece, at: index)
            self.heldBytes += piece.bytes.count + Self.pieceCost
            index += 1
            from = until
        }
    }

    private mutating func deliverHeld(at: Timestamp, _ event: (StreamEvent, Span<UInt8>) -> Void) {
        var at = at
        var count = 0
        while count < self.held.count, self.held[count].start <= self.position {
            let piece = self.held[count]
            count += 1
            self.heldBytes -= piece.bytes.count + Self.pieceCost
            guard piece.end > self.position else { continue }
            let known = min(Int(self.position - piece.start), piece.bytes.count)
            let missing = Int(piece.end - self.position) - (piece.bytes.count - known)
            at = max(at, piece.at)
            self.deliver(
                piece.bytes.span.extracting(known..<piece.bytes.count), missing, ChunkFacts(at: at), event)
        }
        self.held.removeFirst(count)
        if count > 0 { self.duplicates = 0 }
        if self.held.isEmpty { self.firstHeldAt = nil }
    }

    /// Where something is known behind the hole at `position`, and when that came; nil where there is no hole.
    private var beyondHole: (start: Int64, at: Timestamp)? {
        let first = self.held.first
        if let fin = self.fin, !self.isEnded, fin.position > self.position, fin.position <= first?.start ?? .max {
            return (fin.position, fin.at)
        }
        return first.map { ($0.start, $0.at) }
    }

    private mutating func giveUpHoles(at: Timestamp, _ event: (StreamEvent, Span<UInt8>) -> Void) {
        while let beyond = self.beyondHole {
            let isAcknowledged =
                self.acknowledged.map {
                    $0.upTo >= beyond.start && at.nanoseconds(since: $0.at) >= self.patience
                } ?? false
            guard
                isAcknowledged || self.heldBytes > self.limitBytes
                    || at.nanoseconds(since: beyond.at) >= Self.patienceNs
            else { return }
            self.skipHole(event)
        }
    }

    /// Declares the hole a gap, and hands out what follows it without another.
    private mutating func skipHole(_ event: (StreamEvent, Span<UInt8>) -> Void) {
        guard let beyond = self.beyondHole else { return }
        self.miss(Int(beyond.start - self.position), at: beyond.at, event)
        // Their own arrival times: the receiver had the missing bytes.
        self.deliverHeld(at: beyond.at, event)
        self.endIfDone(at: beyond.at, event)
    }
}
