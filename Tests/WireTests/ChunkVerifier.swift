import Testing

/// Feeds the same bytes to a push decoder whole, byte by byte and at seeded random cuts; the outcome must be equal.
///
/// ```swift
/// let events = try ChunkVerifier.verify(bytes) { chunks in
///     var decoder = SomeDecoder()
///     var events: [Event] = []
///     for chunk in chunks { try decoder.feed(chunk.span) { events.append($0) } }
///     return events
/// }
/// ```
enum ChunkVerifier {
    /// Runs `decode` with every cutting, expects equal events, and answers those of the whole.
    ///
    /// - Parameters:
    ///   - rounds: random cuttings that are tried.
    ///   - decode: makes a fresh decoder, feeds it the chunks in order, and answers all that it said. Each chunk is
    ///     an array of its own, so that reading past its end is caught.
    static func verify<Event: Equatable>(
        _ bytes: [UInt8], rounds: Int = 12, seed: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation,
        decode: ([[UInt8]]) throws -> [Event]
    ) rethrows -> [Event] {
        let whole = try decode([bytes])
        var cuttings: [(name: String, chunks: [[UInt8]])] = [("byte by byte", bytes.map { [$0] })]
        for round in 0..<rounds {
            let seed = seed &+ UInt64(round)
            // Some rounds with small chunks, some with big ones, some with both.
            let largest = [3, 17, 64, 1_500, max(2, bytes.count)][round % 5]
            cuttings.append(("random cuts, seed \(seed)", Self.cut(bytes, largest: largest, seed: seed)))
        }
        for cutting in cuttings {
            let events = try decode(cutting.chunks)
            guard events != whole else { continue }
            let index = zip(events, whole).enumerated().first { $1.0 != $1.1 }?.offset ?? min(events.count, whole.count)
            let (there, expected) = (events.dropFirst(index).first, whole.dropFirst(index).first)
            Issue.record(
                """
                \(cutting.name): \(events.count) events, fed whole \(whole.count); first difference at \(index):
                \(there.map { "\($0)" } ?? "none")
                whole: \(expected.map { "\($0)" } ?? "none")
                """, sourceLocation: sourceLocation)
            break
        }
        return whole
    }

    /// Cuts at random; empty chunks are among them.
    static func cut(_ bytes: [UInt8], largest: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        var chunks: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            let count = min(Int.random(in: 0...largest, using: &random), bytes.count - at)
            chunks.append(Array(bytes[at..<at + count]))
            at += count
        }
        return chunks
    }
}

/// The same numbers in every run. SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
