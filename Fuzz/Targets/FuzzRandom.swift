/// The same numbers for the same input. SplitMix64.
public struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) {
        self.state = seed
    }

    /// Seeded by the bytes, so that an input that fails fails again. FNV-1a.
    init(_ bytes: Span<UInt8>) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        self.init(seed: hash)
    }

    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    public mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: self.next() % UInt64(max(1, bound)))
    }

    /// Ranges that cover `0..<count` in order: pieces as networks and files give them, single bytes among them.
    mutating func cuts(_ count: Int) -> [Range<Int>] {
        let largest = [1, 3, 17, 200, max(1, count / 2)][self.below(5)]
        var ranges: [Range<Int>] = []
        var at = 0
        while at < count {
            let end = at + min(1 + self.below(largest), count - at)
            ranges.append(at..<end)
            at = end
        }
        return ranges
    }
}
