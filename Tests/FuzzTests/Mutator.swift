import FuzzTargets

/// Changes known inputs a little, as fuzzers do: the same changes in every run.
struct Mutator {
    /// Values on which length checks turn.
    private static let edges: [UInt8] = [0, 1, 0x1E, 0x7D, 0x7E, 0x7F, 0x80, 0xFE, 0xFF]

    private let inputs: [[UInt8]]
    private var random: FuzzRandom

    init(seed: UInt64, _ inputs: [[UInt8]]) {
        self.inputs = inputs
        self.random = FuzzRandom(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = self.inputs.isEmpty ? [] : self.inputs[self.random.below(self.inputs.count)]
        for _ in 0...self.random.below(4) { self.change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes.append(UInt8(self.random.below(256)))
            return
        }
        let at = self.random.below(bytes.count)
        let end = min(bytes.count, at + 1 + self.random.below(16))
        switch self.random.below(8) {
        case 0: bytes[at] ^= 1 << UInt8(self.random.below(8))
        case 1: bytes[at] = UInt8(self.random.below(256))
        case 2: bytes[at] = Self.edges[self.random.below(Self.edges.count)]
        case 3: bytes.removeSubrange(at..<end)
        case 4: bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
        case 5: bytes.insert(UInt8(self.random.below(256)), at: at)
        case 6: bytes.removeSubrange(at...)
        default:
            // The head of one input, the tail of another.
            let other = self.inputs[self.random.below(self.inputs.count)]
            bytes = Array(bytes[..<at] + other.dropFirst(self.random.below(other.count + 1)))
        }
    }
}
