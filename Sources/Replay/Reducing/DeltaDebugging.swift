/// Leaves out as many elements as can be left out.
///
/// Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002, algorithm ddmin. That of
/// all elements none is needed is tried first: with protocols it is the usual case.
enum DeltaDebugging {
    /// - Parameters:
    ///   - elements: what may be left out.
    ///   - fails: whether it still fails with these left of them. It fails with all.
    /// - Returns: elements of which none can be left out by itself; or, where `fails` said `nil`, which stops the
    ///   search, the fewest found until then.
    static func minimum(
        _ elements: [Int], isolation: isolated (any Actor)? = #isolation,
        fails: ([Int]) async throws -> Bool?
    ) async throws -> [Int] {
        guard !elements.isEmpty else { return [] }
        guard let none = try await fails([]) else { return elements }
        if none { return [] }
        var current = elements
        var pieces = 2
        while current.count > 1 {
            pieces = min(pieces, current.count)
            var smaller: (elements: [Int], pieces: Int)?
            // The last first: what came early is what a client meets that begins anew.
            for piece in Self.split(current.count, into: pieces).reversed() {
                let without = Array(current[..<piece.lowerBound] + current[piece.upperBound...])
                guard let isSame = try await fails(without) else { return current }
                if isSame {
                    smaller = (without, max(2, pieces - 1))
                    break
                }
                // Of two pieces each is the other's complement.
                guard pieces > 2 else { continue }
                let only = Array(current[piece])
                guard let isSame = try await fails(only) else { return current }
                if isSame {
                    smaller = (only, 2)
                    break
                }
            }
            if let smaller {
                (current, pieces) = smaller
            } else if pieces < current.count {
                pieces = min(current.count, pieces * 2)
            } else {
                break
            }
        }
        return current
    }

    /// Ranges of nearly the same length that cover `count` elements.
    private static func split(_ count: Int, into pieces: Int) -> [Range<Int>] {
        (0..<pieces).map { count * $0 / pieces..<count * ($0 + 1) / pieces }
    }
}
