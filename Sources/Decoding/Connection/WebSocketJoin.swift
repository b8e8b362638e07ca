import TimelineModel
import Wire

/// Finds out whether a connection of which the beginning was not seen is a WebSocket; its bytes wait here meanwhile,
/// as far as frames may begin in them.
///
/// One direction may prove it by itself. Both together may, too: then their masks must differ, as a client's and a
/// server's do, for types and lengths alone are what other protocols have as well.
struct WebSocketJoin {
    /// What both directions prove together where neither does alone, and each at least of that.
    private static let neededBits = 40
    private static let neededBitsEach = 12

    private var searches: [WebSocketSearch]
    private var count = 0
    /// Bytes that came so far.
    private var bytes: Int64 = 0
    /// Where those of each direction begin, the one that came first in front.
    private var starts: [Place] = []

    typealias Place = (direction: Int, offset: Int64)

    /// What it has found.
    struct Found {
        /// All from the first frame on, in the order in which it came.
        var pieces: [(direction: Int, segment: WebSocketSearch.Segment)]
        /// How many bytes were passed over before.
        var passedOver: Int64
        /// The first of these.
        var start: Place?
    }

    init(_ limits: DecodingLimits) {
        let search = WebSocketSearch(mayBeCompressed: true, .none, limitBytes: limits.unprovenBytes)
        self.searches = [search, search]
    }

    /// When the first of the bytes that wait came.
    var waitsSince: Timestamp? {
        switch (self.searches[0].waitsSince, self.searches[1].waitsSince) {
        case (let first?, let second?): min(first, second)
        case (let first, let second): first ?? second
        }
    }

    /// Takes what came in one of the two directions; answers with a proof.
    mutating func receive(_ bytes: Span<UInt8>, _ facts: ChunkFacts, direction: Int) -> Found? {
        if !self.starts.contains(where: { $0.direction == direction }) { self.starts.append((direction, facts.offset)) }
        self.count += 1
        self.bytes += Int64(bytes.count)
        let answer = self.searches[direction].receive(bytes, facts, masked: nil, number: self.count)
        guard answer == .proven || self.isProvenByBoth else { return nil }
        var pieces: [(direction: Int, segment: WebSocketSearch.Segment)] = []
        if answer == .proven, self.searches[direction].heldBytes == 0 {
            let segment = WebSocketSearch.Segment(bytes: bytes.array(0..<bytes.count), facts: facts, number: self.count)
            pieces.append((direction, segment))
        }
        for direction in 0...1 {
            for segment in self.searches[direction].takeHeld() { pieces.append((direction, segment)) }
        }
        pieces.sort { $0.segment.number < $1.segment.number }
        let start = self.starts.first { start in
            pieces.first { $0.direction == start.direction }?.segment.facts.offset != start.offset
        }
        return Found(
            pieces: pieces, passedOver: self.bytes - pieces.reduce(0) { $0 + Int64($1.segment.bytes.count) },
            start: start)
    }

    /// Bytes of a direction are missing here.
    mutating func gap(direction: Int) {
        self.searches[direction].forget()
    }

    private var isProvenByBoth: Bool {
        guard let first = self.searches[0].masks, let second = self.searches[1].masks, first != second else {
            return false
        }
        let bits = (self.searches[0].bits, self.searches[1].bits)
        return min(bits.0, bits.1) >= Self.neededBitsEach && bits.0 + bits.1 >= Self.neededBits
    }
}
