import TestSupport
import Testing

@testable import Replay

@Suite("Delta debugging")
struct DeltaDebuggingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let count: Int
        let needed: Set<Int>
        var testDescription: String { "\(self.needed.sorted()) of \(self.count)" }
    }

    static let cases = [
        Case(count: 0, needed: []), Case(count: 1, needed: []), Case(count: 1, needed: [0]),
        Case(count: 8, needed: [3]), Case(count: 8, needed: [0, 7]), Case(count: 9, needed: [1, 4, 8]),
        Case(count: 5, needed: [0, 1, 2, 3, 4]), Case(count: 100, needed: [17, 18, 93]),
        Case(count: 1_000, needed: [999]), Case(count: 1_000, needed: []),
    ]

    @Test("finds just what is needed", arguments: Self.cases)
    func needed(_ test: Case) async throws {
        var runs = 0
        let found = try await DeltaDebugging.minimum(Array(0..<test.count)) { kept in
            runs += 1
            return test.needed.isSubset(of: kept)
        }
        #expect(Set(found) == test.needed)
        #expect(found == found.sorted())
        if test.needed.isEmpty { #expect(runs <= 1) }
        #expect(runs <= 40 + 12 * test.needed.count * max(1, test.needed.count))
    }

    @Test("of no result can one be left out by itself")
    func minimal() async throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<200 {
            let count = Int.random(in: 1...24, using: &random)
            // Fails where one of several sets is there.
            let sets = (0..<3).map { _ in Set((0..<3).map { _ in Int.random(in: 0..<count, using: &random) }) }
            func fails(_ kept: some Sequence<Int>) -> Bool { sets.contains { $0.isSubset(of: Set(kept)) } }
            let found = try await DeltaDebugging.minimum(Array(0..<count)) { fails($0) }
            #expect(fails(found))
            for one in found { #expect(!fails(found.filter { $0 != one })) }
        }
    }

    @Test("what was found before it was stopped", arguments: 0..<12)
    func stopped(_ limit: Int) async throws {
        var runs = 0
        let found = try await DeltaDebugging.minimum(Array(0..<64)) { kept in
            guard runs < limit else { return nil }
            runs += 1
            return kept.contains(5) && kept.contains(40)
        }
        #expect(found.contains(5) && found.contains(40))
        #expect(runs <= limit)
    }
}
