import TimelineModel

/// Two endpoints without an order: what all segments of a connection have in common.
public struct FlowKey: Hashable, Sendable {
    public let low: Endpoint
    public let high: Endpoint

    public init(_ segment: Segment) {
        let ordered = Self.precedes(segment.source, segment.destination)
        self.low = ordered ? segment.source : segment.destination
        self.high = ordered ? segment.destination : segment.source
    }

    /// Four words instead of every field: this runs for each packet.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.low.addressLow)
        hasher.combine(self.high.addressLow)
        hasher.combine(self.low.addressHigh &+ self.high.addressHigh &* 3)
        hasher.combine(UInt32(self.low.port) << 16 | UInt32(self.high.port))
    }

    public func endpoint(_ side: FlowSide) -> Endpoint { side == .low ? self.low : self.high }

    private static func precedes(_ a: Endpoint, _ b: Endpoint) -> Bool {
        (a.port, a.addressHigh, a.addressLow) < (b.port, b.addressHigh, b.addressLow)
    }
}

/// One end of a connection, as `FlowKey` orders them.
public enum FlowSide: Int, Hashable, Sendable, CaseIterable {
    case low
    case high

    public var other: FlowSide { self == .low ? .high : .low }
}

/// A TCP connection: both directions put in order, and how it began and ended. A class: it is looked at from several
/// places, and too big to copy.
public final class TCPConnection {
    public let key: FlowKey
    private var low: StreamReassembler
    private var high: StreamReassembler
    /// The side that sent the SYN, once known.
    public private(set) var initiator: FlowSide?
    private var synAt: Timestamp?
    /// Of the initiator's SYN, where that was seen.
    public private(set) var initialSequence: UInt32?
    /// Smallest time from SYN to SYN-ACK, in nanoseconds.
    public private(set) var roundTripNs: Int64?
    /// Asked with every packet, and so kept beside the streams, whose checks for exclusive access cost more.
    private var heldSinceBySide: (low: Timestamp?, high: Timestamp?)
    private var hasEnded = (low: false, high: false)
    private var resetSide: FlowSide?

    /// - Parameter limitBytes: what each direction may hold behind a hole.
    public init(_ key: FlowKey, limitBytes: Int) {
        self.key = key
        self.low = StreamReassembler(limitBytes: limitBytes)
        self.high = StreamReassembler(limitBytes: limitBytes)
    }

    public func side(_ segment: Segment) -> FlowSide { segment.source == self.key.low ? .low : .high }

    /// Which side reset the connection.
    public var resetBy: FlowSide? { self.resetSide }

    /// Both directions have ended, or one side reset.
    public var isOver: Bool { self.resetSide != nil || (self.hasEnded.low && self.hasEnded.high) }

    /// Since when one of the directions holds bytes behind a hole.
    public var heldSince: Timestamp? {
        guard let low = self.heldSinceBySide.low else { return self.heldSinceBySide.high }
        return self.heldSinceBySide.high.map { min($0, low) } ?? low
    }

    /// Since when one side's stream holds bytes behind a hole.
    public func heldSince(_ side: FlowSide) -> Timestamp? {
        side == .low ? self.heldSinceBySide.low : self.heldSinceBySide.high
    }

    /// The other side has acknowledged bytes of this one that were not seen. Not to be asked while bytes come out.
    public func lacksBytes(_ side: FlowSide) -> Bool { side == .low ? self.low.lacksBytes : self.high.lacksBytes }

    /// One of the directions waits for bytes that time may give up.
    public var hasHole: Bool { self.low.hasHole || self.high.hasHole }

    public var missingBytes: Int64 { self.low.missingBytes + self.high.missingBytes }
    public var retransmittedSegments: Int64 { self.low.retransmittedSegments + self.high.retransmittedSegments }
    public func bytes(_ side: FlowSide) -> Int64 { side == .low ? self.low.position : self.high.position }

    /// A SYN that begins a new connection between the same ports, and not this one again.
    public func isReplaced(by segment: Segment) -> Bool {
        guard segment.beginsConnection else { return false }
        return self.initialSequence != segment.sequence || self.resetSide != nil
    }

    /// Takes what the handshake tells from a segment. To be called with each, before `receive`.
    public func noteHandshake(_ segment: Segment) {
        guard segment.flags.contains(.syn) else { return }
        let side = self.side(segment)
        if segment.flags.contains(.ack) {
            self.initiator = self.initiator ?? side.other
            if let synAt = self.synAt {
                let time = max(0, segment.at.nanoseconds(since: synAt))
                self.roundTripNs = min(self.roundTripNs ?? time, time)
            }
        } else {
            self.initiator = side
            self.initialSequence = segment.sequence
            self.synAt = segment.at  // of a SYN sent again the last counts: the answer is to that one
        }
    }

    /// Takes a segment; `event` gets what it makes known, with the side that sent it. A reset is told by `resetBy`.
    ///
    /// - Parameter acknowledged: called when its acknowledgement is taken and its own bytes are not given yet:
    ///   `heldSince` says by then whether they must wait.
    public func receive(
        _ segment: Segment, _ payload: Span<UInt8>, acknowledged: () -> Void = {},
        _ event: (FlowSide, StreamEvent, Span<UInt8>) -> Void
    ) {
        let side = self.side(segment)
        if segment.flags.contains(.fin) {
            self.low.isClosing = true
            self.high.isClosing = true
        }
        if segment.flags.contains(.ack) {
            let sent = side == .low ? self.low.sent(segment) : self.high.sent(segment)
            self.withStream(side.other) { stream in
                stream.acknowledge(
                    segment.acknowledgement, at: segment.at, sent: sent, isAlone: segment.payloadLength == 0
                ) { event(side.other, $0, $1) }
            }
            acknowledged()
        }
        var ended = false
        self.withStream(side) { stream in
            stream.receive(segment, payload) {
                if case .fin = $0 { ended = true }
                event(side, $0, $1)
            }
        }
        if ended { self.noteEnd(side) }
        if segment.flags.contains(.rst), self.resetSide == nil {
            self.finish(event)
            self.resetSide = side
        }
    }

    /// Time goes by without a segment of this connection: all until then have been received.
    public func tick(at: Timestamp, _ event: (FlowSide, StreamEvent, Span<UInt8>) -> Void) {
        self.goOn(until: at, event)
    }

    /// The end of what will be seen of this connection.
    public func finish(_ event: (FlowSide, StreamEvent, Span<UInt8>) -> Void) {
        self.goOn(until: nil, event)
    }

    /// Without a segment, until a time or to the end.
    private func goOn(until at: Timestamp?, _ event: (FlowSide, StreamEvent, Span<UInt8>) -> Void) {
        for side in FlowSide.allCases {
            var ended = false
            self.withStream(side) { stream in
                func take(_ happening: StreamEvent, _ bytes: Span<UInt8>) {
                    if case .fin = happening { ended = true }
                    event(side, happening, bytes)
                }
                if let at { stream.tick(at: at, take) } else { stream.finish(take) }
            }
            if ended { self.noteEnd(side) }
        }
    }

    private func noteEnd(_ side: FlowSide) {
        if side == .low { self.hasEnded.low = true } else { self.hasEnded.high = true }
    }

    private func withStream(_ side: FlowSide, _ body: (inout StreamReassembler) -> Void) {
        if side == .low {
            self.heldSinceBySide.low = Self.heldSince(&self.low, after: body)
        } else {
            self.heldSinceBySide.high = Self.heldSince(&self.high, after: body)
        }
    }

    private static func heldSince(
        _ stream: inout StreamReassembler, after body: (inout StreamReassembler) -> Void
    ) -> Timestamp? {
        body(&stream)
        return stream.heldSince
    }
}
