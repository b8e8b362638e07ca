import TestSupport
import Testing

@testable import Replay

@Suite("Alignment of sequences")
struct SequenceAlignmentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let a: String
        let b: String
        let common: Int
        var testDescription: String { "\(self.a) \(self.b)" }
    }

    static let cases = [
        Case(a: "", b: "", common: 0),
        Case(a: "abc", b: "", common: 0),
        Case(a: "abc", b: "abc", common: 3),
        Case(a: "abcabba", b: "cbabac", common: 4),
        Case(a: "xtytz", b: "xytz", common: 4),
        Case(a: "ab", b: "ba", common: 1),
        Case(a: "aaaa", b: "aa", common: 2),
        Case(a: "abcdef", b: "ghijkl", common: 0),
    ]

    @Test("is as long as can be", arguments: Self.cases)
    func length(_ test: Case) {
        let (a, b) = (test.a.unicodeScalars.map { Int($0.value) }, test.b.unicodeScalars.map { Int($0.value) })
        let pairs = SequenceAlignment.common(a, b)
        #expect(pairs.count == test.common)
        Self.check(pairs, a, b)
    }

    /// The slow way, that needs no care.
    private static func longestCommon(_ a: [Int], _ b: [Int]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var diagonal = 0
            for (index, y) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = x == y ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }

    private static func check(_ pairs: [(a: Int, b: Int)], _ a: [Int], _ b: [Int]) {
        for pair in pairs { #expect(a[pair.a] == b[pair.b]) }
        for (pair, next) in zip(pairs, pairs.dropFirst()) { #expect(pair.a < next.a && pair.b < next.b) }
    }

    @Test("random sequences: the shortest script, against the plain algorithm")
    func random() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<500 {
            let a = (0..<Int.random(in: 0...30, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            let b = (0..<Int.random(in: 0...30, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            let pairs = SequenceAlignment.common(a, b)
            Self.check(pairs, a, b)
            #expect(pairs.count == Self.longestCommon(a, b))
            Self.check(SequenceAlignment.longestRow(a, b), a, b)
        }
    }

    @Test("sequences with nothing in common cost no more than their length")
    func different() {
        let a = Array(0..<200_000)
        let b = Array(200_000..<400_000)
        #expect(SequenceAlignment.common(a, b).isEmpty)
        // A few in common, in the wrong order: the longest row of them.
        #expect(SequenceAlignment.common(a, Array((0..<200_000).reversed())).count == 1)
    }
}
