import TimelineModel
import Wire

/// Puts what both directions of a connection give in the order of its time, while one of them waits for bytes that are
/// missing.
///
/// Which request an answer belongs to is told by what was sent before it. The bytes behind a hole come out late; what
/// the other direction sent meanwhile waits here for them. Bounded: where too much waits, it comes out as it is.
struct StreamOrder {
    struct Piece {
        let side: FlowSide
        let event: StreamEvent
        let bytes: [UInt8]
        /// What it is ordered by.
        fileprivate let at: Timestamp
    }

    private let limitBytes: Int
    private var low = PieceQueue<Piece>()
    private var high = PieceQueue<Piece>()
    private var cost = 0

    /// - Parameter limitBytes: so much waits at most, each piece with what it costs beside its bytes.
    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    var isEmpty: Bool { self.low.isEmpty && self.high.isEmpty }

    /// - Parameter isClient: which side this is. What a client sends asks for an answer: that something of it is missing
    ///   must be known before what follows of the server. What is missing of a server is the answer to all that was
    ///   sent until what comes behind it.
    mutating func add(_ side: FlowSide, _ event: StreamEvent, _ bytes: Span<UInt8>, isClient: Bool) {
        let at: Timestamp
        switch event {
        case .bytes(let facts): at = facts.at
        case .fin(let time): at = time
        case .gap(_, let time):
            let before = side == .low ? self.low.last : self.high.last
            at = isClient ? before?.at ?? Timestamp(nanoseconds: .min) : time
        }
        let piece = Piece(side: side, event: event, bytes: bytes.array(0..<bytes.count), at: at)
        if side == .low { self.low.append(piece) } else { self.high.append(piece) }
        self.cost += Self.cost(of: piece)
    }

    /// The next piece; nil where something older may still come of the other side.
    ///
    /// - Parameters:
    ///   - client: its pieces come first among those of one time: no answer is older than its request.
    ///   - heldSince: since when a side waits for missing bytes.
    mutating func next(client: FlowSide, heldSince: (FlowSide) -> Timestamp?) -> Piece? {
        let piece: Piece
        switch (self.low.first, self.high.first) {
        case (let low?, let high?):
            piece = low.at < high.at || (low.at == high.at && client == .low) ? low : high
        case (let low?, nil): piece = low
        case (nil, let high?): piece = high
        case (nil, nil): return nil
        }
        let isAlone = piece.side == .low ? self.high.isEmpty : self.low.isEmpty
        if isAlone, self.cost <= self.limitBytes, let since = heldSince(piece.side.other), since <= piece.at {
            return nil
        }
        if piece.side == .low { _ = self.low.take() } else { _ = self.high.take() }
        self.cost -= Self.cost(of: piece)
        return piece
    }

    private static func cost(of piece: Piece) -> Int { piece.bytes.count + StreamReassembler.pieceCost }
}
