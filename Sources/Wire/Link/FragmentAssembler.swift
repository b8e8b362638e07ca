import TimelineModel

/// Puts the fragments of IP datagrams together. Where fragments overlap, the bytes that came first stay.
///
/// Bounded: at most `datagramLimit` datagrams and `byteLimit` bytes wait; the oldest goes first, and each after
/// `timeout` of capture time. The last datagrams that were whole are kept as well, 4 MB at most, to know copies of them.
struct FragmentAssembler: Sendable {
    /// Which datagram a fragment belongs to. Copies of it on two interfaces are two datagrams.
    struct Key: Hashable {
        var sourceHigh: UInt64
        var sourceLow: UInt64
        var destinationHigh: UInt64
        var destinationLow: UInt64
        var identification: UInt32
        /// 0 for IPv6, which tells datagrams apart by identification alone.
        var transport: UInt8
        var isIPv4: Bool
        var interface: Int
    }

    /// A datagram's payload behind the IP header.
    struct Datagram: Equatable {
        /// What a captured prefix of it holds; all of it, unless a snap length cut a fragment.
        var bytes: [UInt8]
        /// On the wire.
        var length: Int
        /// IP protocol number of the payload.
        var transport: UInt8
    }

    enum Answer: Equatable {
        case kept
        case malformed
        case whole(Datagram)
    }

    private struct Piece {
        var start: Int
        var bytes: [UInt8]
    }

    private struct Partial {
        var first: Timestamp
        var serial: Int
        var transport: UInt8 = 0
        /// Known with the fragment that has none behind it.
        var total: Int?
        var pieces: [Piece] = []
        /// On the wire, ascending, never touching.
        var covered: [Range<Int>] = []
        var cost = 0
        /// What each of its fragments is told by.
        var marks: Set<Int> = []
        /// All its fragments are those of a datagram that is whole already: packets seen twice, as on the `any` device.
        var isCopy = false
    }

    /// A datagram of which more may come: copies of its fragments, or such as were not needed where they overlap.
    private struct Whole {
        var datagram: Datagram
        /// What each of its fragments is told by.
        var marks: Set<Int>

        /// Whether a fragment says nothing that the datagram does not hold.
        func holds(_ start: Int, _ length: Int, isLast: Bool, mark: Int, _ bytes: Span<UInt8>) -> Bool {
            if self.marks.contains(mark) { return true }
            let end = start + length
            guard isLast ? end == self.datagram.length : end <= self.datagram.length,
                start + bytes.count <= self.datagram.bytes.count
            else { return false }
            return bytes.indices.allSatisfy { bytes[$0] == self.datagram.bytes[start + $0] }
        }
    }

    /// What a piece costs beside its bytes.
    private static let pieceCost = 64
    /// Copies come close behind: so many whole datagrams are remembered.
    private static let rememberedDatagrams = 64
    /// No IP datagram that can be fragmented is longer.
    private static let lengthLimit = 65_535

    private let datagramLimit: Int
    private let byteLimit: Int
    private let timeoutNs: Int64
    private var partials: [Key: Partial] = [:]
    private var cost = 0
    private var nextSerial = 0
    /// The last datagrams that became whole, and the order in which they did.
    private var whole: [Key: Whole] = [:]
    private var wholeOrder: [Key] = []
    /// No partial is older.
    private var oldest = Timestamp.zero
    /// Datagrams that were given up, without those of which all fragments had been seen before.
    private(set) var abandoned: Int64 = 0

    init(datagramLimit: Int, byteLimit: Int, timeoutNs: Int64) {
        self.datagramLimit = max(1, datagramLimit)
        self.byteLimit = max(Self.lengthLimit, byteLimit)
        self.timeoutNs = timeoutNs
    }

    var waiting: Int { self.partials.count }

    /// Takes a fragment.
    /// - Parameters:
    ///   - start: of its bytes in the datagram's payload.
    ///   - length: on the wire.
    ///   - bytes: the captured ones, at most `length`.
    ///   - transport: IP protocol number; of IPv6 only the first fragment's counts.
    mutating func add(
        _ key: Key, at: Timestamp, start: Int, length: Int, isLast: Bool, transport: UInt8, _ bytes: Span<UInt8>
    ) -> Answer {
        let end = start + length
        guard length > 0, end <= Self.lengthLimit, isLast || length % 8 == 0 else { return .malformed }
        self.expire(at: at)
        let mark = Self.mark(start, length, bytes)
        var partial = self.partials.removeValue(forKey: key) ?? self.begin(key, at: at)
        self.cost -= partial.cost
        // What waited were copies of the datagram before; this one is another with the same number.
        if partial.isCopy, self.whole[key]?.holds(start, length, isLast: isLast, mark: mark, bytes) != true {
            partial = self.begin(key, at: at)
            partial.isCopy = false
        }
        let reached = partial.covered.last?.upperBound ?? 0
        guard end <= partial.total ?? .max, !isLast || end >= reached else {
            self.put(partial, key)
            return .malformed
        }
        if isLast, partial.total == nil { partial.total = end }
        if start == 0 { partial.transport = transport }
        // Wholly known bytes are not kept again: a repeated fragment costs nothing.
        if !partial.covered.contains(where: { $0.lowerBound <= start && $0.upperBound >= end }) {
            partial.pieces.append(Piece(start: start, bytes: [UInt8](bytes)))
            partial.cost += bytes.count + Self.pieceCost
            Self.cover(&partial.covered, start..<end)
        }
        // No more of them than pieces that a datagram can have.
        if partial.marks.count <= Self.lengthLimit / 8 { partial.marks.insert(mark) }
        if let total = partial.total, partial.covered.first == 0..<total {
            let datagram = Self.join(partial, length: total)
            self.remember(key, Whole(datagram: datagram, marks: partial.marks))
            return .whole(datagram)
        }
        self.put(partial, key)
        return .kept
    }

    /// Gives up all that waits.
    mutating func finish() {
        self.abandoned += Int64(self.partials.values.count { !$0.isCopy })
        self.partials.removeAll()
        self.cost = 0
    }

    private mutating func begin(_ key: Key, at: Timestamp) -> Partial {
        self.nextSerial += 1
        if self.partials.isEmpty || at < self.oldest { self.oldest = at }
        return Partial(first: at, serial: self.nextSerial, isCopy: self.whole[key] != nil)
    }

    private mutating func remember(_ key: Key, _ whole: Whole) {
        if self.whole.updateValue(whole, forKey: key) == nil { self.wholeOrder.append(key) }
        guard self.wholeOrder.count > Self.rememberedDatagrams else { return }
        self.whole.removeValue(forKey: self.wholeOrder.removeFirst())
    }

    /// The same for the same bytes at the same place, and hardly for others.
    private static func mark(_ start: Int, _ length: Int, _ bytes: Span<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(start)
        hasher.combine(length)
        bytes.withUnsafeBufferPointer { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return hasher.finalize()
    }

    private mutating func put(_ partial: Partial, _ key: Key) {
        self.partials[key] = partial
        self.cost += partial.cost
        while self.partials.count > self.datagramLimit || self.cost > self.byteLimit {
            guard let victim = self.partials.min(by: { $0.value.serial < $1.value.serial }) else { return }
            self.abandon(victim.key)
        }
    }

    private mutating func abandon(_ key: Key) {
        guard let partial = self.partials.removeValue(forKey: key) else { return }
        self.cost -= partial.cost
        if !partial.isCopy { self.abandoned += 1 }
    }

    /// Lets go of what is older than the timeout; looks through them only when the oldest may be.
    private mutating func expire(at: Timestamp) {
        guard !self.partials.isEmpty, at.nanoseconds(since: self.oldest) > self.timeoutNs else { return }
        for (key, partial) in self.partials where at.nanoseconds(since: partial.first) > self.timeoutNs {
            self.abandon(key)
        }
        self.oldest = self.partials.values.map(\.first).min() ?? at
    }

    /// Adds a range, and joins what touches it.
    private static func cover(_ covered: inout [Range<Int>], _ range: Range<Int>) {
        let from = covered.firstIndex { $0.upperBound >= range.lowerBound } ?? covered.count
        let to = covered[from...].firstIndex { $0.lowerBound > range.upperBound } ?? covered.count
        var joined = range
        if from < to {
            joined =
                min(covered[from].lowerBound, range.lowerBound)..<max(covered[to - 1].upperBound, range.upperBound)
        }
        covered.replaceSubrange(from..<to, with: [joined])
    }

    private static func join(_ partial: Partial, length: Int) -> Datagram {
        var bytes = [UInt8](repeating: 0, count: length)
        // Backwards, so that what came first is written last and stays.
        for piece in partial.pieces.reversed() {
            bytes.replaceSubrange(piece.start..<piece.start + piece.bytes.count, with: piece.bytes)
        }
        var captured = 0
        for piece in partial.pieces.sorted(by: { $0.start < $1.start }) where piece.start <= captured {
            captured = max(captured, piece.start + piece.bytes.count)
        }
        bytes.removeSubrange(captured...)
        return Datagram(bytes: bytes, length: length, transport: partial.transport)
    }
}
