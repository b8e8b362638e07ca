import TimelineModel

/// Looks for where a frame begins in one direction of which nothing before is known, segment by segment.
///
/// What one segment does not prove adds up over those that follow it: plausible frames, one behind the other, from the
/// start of a segment on. Meanwhile the segments wait here, within `limitBytes`. What is waited for is a proof; where
/// the frames turn out to be none, the next segment that waits may be the beginning, and so on.
public struct WebSocketSearch {
    /// Bytes of one segment that waits.
    public struct Segment {
        public var bytes: [UInt8]
        public var facts: ChunkFacts
        /// As `receive` was given it.
        public var number: Int

        public init(bytes: [UInt8], facts: ChunkFacts, number: Int) {
            self.bytes = bytes
            self.facts = facts
            self.number = number
        }
    }

    public enum Answer: Hashable, Sendable {
        /// Neither in this segment nor in those that waited a frame can begin.
        case nothing
        /// A frame may begin in what waits.
        case waiting
        /// A frame begins with the first of those that wait; where none waits, with the segment just given.
        case proven
    }

    /// How sure it is to be.
    public enum Prior: Hashable, Sendable {
        /// That this is a WebSocket.
        case isWebSocket
        /// Nothing is: that of all connections only the WebSockets pass matters more than to miss one.
        case none
    }

    /// Several segments give several chances to begin, and so must prove more than one alone.
    static let neededBits = WebSocketBoundary.neededBits + 8
    /// So many segments may be looked at for the price of one; those after them must prove so much more that all of a
    /// long connection are no likelier to pass by chance.
    static let firstLooks = 64
    static let lateBits = 16
    /// Bits that a type and a length at the front of each message cannot give.
    static let neededPayloadBits = 8
    /// Segments that wait at most.
    static let segmentLimit = 64

    private struct Held {
        /// Where it ends among `bytes`.
        var end: Int
        var facts: ChunkFacts
        var number: Int
    }

    private let mayBeCompressed: Bool
    private let prior: Prior
    private let limitBytes: Int
    private var looks = 0
    /// Those of the segments that wait, behind `first`.
    private var bytes: [UInt8] = []
    private var first = 0
    private var held: [Held] = []
    private var chain: WebSocketFrameChain
    /// The mask bit of the frames before, where that is known.
    private var masked: Bool?

    /// - Parameters:
    ///   - mayBeCompressed: RSV1 may mean deflate.
    ///   - limitBytes: that wait at most.
    public init(mayBeCompressed: Bool, _ prior: Prior, limitBytes: Int) {
        self.mayBeCompressed = mayBeCompressed
        self.prior = prior
        self.limitBytes = limitBytes
        self.chain = WebSocketFrameChain(masked: nil, mayBeCompressed: mayBeCompressed)
    }

    /// When the first of the segments that wait came.
    public var waitsSince: Timestamp? { self.held.first?.facts.at }
    /// How much what waits proves by now, and the mask bit of its frames.
    public var bits: Int { self.held.isEmpty ? 0 : self.chain.bits }
    public var masks: Bool? { self.held.isEmpty ? nil : self.chain.masked }

    /// Takes the next segment. With `nothing` it is passed over, and all that waited too.
    ///
    /// - Parameters:
    ///   - masked: the mask bit of the frames so far; nil where none is known.
    ///   - number: for the caller to know it by.
    public mutating func receive(
        _ segment: Span<UInt8>, _ facts: ChunkFacts, masked: Bool?, number: Int = 0
    ) -> Answer {
        self.looks += 1
        self.masked = masked
        var alone = WebSocketFrameChain(masked: masked, mayBeCompressed: self.mayBeCompressed)
        let isPlausible = alone.extend(segment, from: 0)
        if self.held.isEmpty {
            guard isPlausible else { return .nothing }
            if alone.bits >= self.needed(WebSocketBoundary.neededBits) { return .proven }
            guard alone.hasEvidence, alone.end <= self.limitBytes else { return .nothing }
            self.chain = alone
            self.hold(segment, facts, number)
            return .waiting
        }
        let start = self.bytes.count - self.first
        self.hold(segment, facts, number)
        if self.held.count <= Self.segmentLimit, self.goOn(from: start, to: self.bytes.count) {
            if self.isProven(by: self.held.count) { return .proven }
            // Surer than what it would be a part of.
            if isPlausible, alone.bits >= self.needed(WebSocketBoundary.neededBits) {
                self.forget()
                return .proven
            }
            return .waiting
        }
        return self.beginAgain()
    }

    /// Takes what waits: with `proven` it begins with a frame.
    public mutating func takeHeld() -> [Segment] {
        var start = self.first
        let segments = self.held.map { held in
            defer { start = held.end }
            return Segment(bytes: Array(self.bytes[start..<held.end]), facts: held.facts, number: held.number)
        }
        self.forget()
        return segments
    }

    /// Lets what waits go, as at a gap.
    public mutating func forget() {
        self.bytes = []
        self.held = []
        self.first = 0
    }

    /// Of those that wait.
    public var heldBytes: Int { self.bytes.count - self.first }

    private func needed(_ bits: Int) -> Int {
        self.prior == .none && self.looks > Self.firstLooks ? bits + Self.lateBits : bits
    }

    private func isProven(by segments: Int) -> Bool {
        if segments == 1 { return self.chain.bits >= self.needed(WebSocketBoundary.neededBits) }
        return self.chain.bits >= self.needed(Self.neededBits)
            && (self.prior == .isWebSocket || self.chain.payloadBits >= Self.neededPayloadBits)
    }

    /// Reads the segment between two places behind the start of the chain; false where it cannot go on there.
    private mutating func goOn(from start: Int, to end: Int) -> Bool {
        var chain = self.chain
        guard chain.extend(self.bytes.span.extracting(self.first..<end), from: start) else { return false }
        self.chain = chain
        return chain.hasEvidence && chain.end <= self.limitBytes
    }

    /// The first of those that wait is no beginning: looks for one among the others.
    private mutating func beginAgain() -> Answer {
        while let gone = self.held.first {
            self.held.removeFirst()
            self.first = gone.end
            self.chain = WebSocketFrameChain(masked: self.masked, mayBeCompressed: self.mayBeCompressed)
            if let answer = self.readAgain() {
                self.trim()
                return answer
            }
        }
        self.forget()
        return .nothing
    }

    /// Reads those that wait; nil where the first is no beginning.
    private mutating func readAgain() -> Answer? {
        var start = 0
        for (index, segment) in self.held.enumerated() {
            guard self.goOn(from: start, to: segment.end) else { return nil }
            if self.isProven(by: index + 1) { return .proven }
            start = segment.end - self.first
        }
        return self.held.isEmpty ? nil : .waiting
    }

    private mutating func hold(_ segment: Span<UInt8>, _ facts: ChunkFacts, _ number: Int) {
        segment.withUnsafeBufferPointer { self.bytes.append(contentsOf: $0) }
        self.held.append(Held(end: self.bytes.count, facts: facts, number: number))
    }

    /// Gives back what was let go, once that is the larger part.
    private mutating func trim() {
        guard self.first > self.bytes.count / 2 else { return }
        self.bytes.removeFirst(self.first)
        for index in self.held.indices { self.held[index].end -= self.first }
        self.first = 0
    }
}
