/// Finds what two sequences have in common, in order.
///
/// The shortest edit script (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986) where the sequences differ
/// in few places. Where they differ in many it would cost the square of their length; then the n-th of equal keys is
/// paired with the n-th, and of these pairs the longest row in order is kept.
enum SequenceAlignment {
    /// Places of equal elements, ascending on both sides.
    static func common(_ a: [Int], _ b: [Int]) -> [(a: Int, b: Int)] {
        var head = 0
        while head < a.count, head < b.count, a[head] == b[head] { head += 1 }
        var tail = 0
        while tail < a.count - head, tail < b.count - head, a[a.count - 1 - tail] == b[b.count - 1 - tail] { tail += 1 }
        let middleA = Array(a[head..<a.count - tail])
        let middleB = Array(b[head..<b.count - tail])
        var pairs = (0..<head).map { (a: $0, b: $0) }
        let inner = Self.shortestScript(middleA, middleB) ?? Self.longestRow(middleA, middleB)
        pairs += inner.map { (a: $0.a + head, b: $0.b + head) }
        pairs += (0..<tail).map { (a: a.count - tail + $0, b: b.count - tail + $0) }
        return pairs
    }

    /// So many elements may be touched before another way is taken.
    private static let budget = 50_000_000
    /// Of which the square is kept.
    private static let mostEdits = 1_500

    /// Nil where it takes more edits than can be paid for.
    static func shortestScript(_ a: [Int], _ b: [Int]) -> [(a: Int, b: Int)]? {
        guard !a.isEmpty, !b.isEmpty else { return [] }
        let limit = min(Self.mostEdits, max(32, Self.budget / (a.count + b.count)), a.count + b.count)
        // furthest[k + limit + 1]: how far in a one comes on diagonal k, where k is the place in a less that in b.
        var furthest = [Int](repeating: 0, count: 2 * limit + 3)
        var trace: [[Int]] = []
        for edits in 0...limit {
            trace.append(Array(furthest[(limit + 1 - edits)...(limit + 1 + edits)]))
            for diagonal in stride(from: -edits, through: edits, by: 2) {
                let slot = diagonal + limit + 1
                let isDown = diagonal == -edits || (diagonal != edits && furthest[slot - 1] < furthest[slot + 1])
                var x = isDown ? furthest[slot + 1] : furthest[slot - 1] + 1
                var y = x - diagonal
                while x < a.count, y < b.count, y >= 0, a[x] == b[y] {
                    x += 1
                    y += 1
                }
                furthest[slot] = x
                if x >= a.count, y >= b.count { return Self.walkBack(a, b, trace, edits) }
            }
        }
        return nil
    }

    private static func walkBack(_ a: [Int], _ b: [Int], _ trace: [[Int]], _ edits: Int) -> [(a: Int, b: Int)] {
        var pairs: [(a: Int, b: Int)] = []
        var (x, y) = (a.count, b.count)
        for step in stride(from: edits, through: 0, by: -1) {
            // As it stood before this step: diagonals -step...step.
            let before = trace[step]
            let diagonal = x - y
            func reach(_ k: Int) -> Int { before.indices.contains(k + step) ? before[k + step] : 0 }
            let isDown = diagonal == -step || (diagonal != step && reach(diagonal - 1) < reach(diagonal + 1))
            let startX = step == 0 ? 0 : (isDown ? reach(diagonal + 1) : reach(diagonal - 1))
            let startY = step == 0 ? 0 : startX - (isDown ? diagonal + 1 : diagonal - 1)
            let snakeX = step == 0 ? 0 : (isDown ? startX : startX + 1)
            while x > snakeX {
                x -= 1
                y -= 1
                pairs.append((x, y))
            }
            (x, y) = (startX, startY)
        }
        return pairs.reversed()
    }

    /// The n-th of a key with the n-th, and of these the longest row that ascends on both sides.
    static func longestRow(_ a: [Int], _ b: [Int]) -> [(a: Int, b: Int)] {
        var places: [Int: [Int]] = [:]
        for (index, key) in b.enumerated() { places[key, default: []].append(index) }
        var used: [Int: Int] = [:]
        var pairs: [(a: Int, b: Int)] = []
        for (index, key) in a.enumerated() {
            let count = used[key, default: 0]
            guard let found = places[key], count < found.count else { continue }
            used[key] = count + 1
            pairs.append((index, found[count]))
        }
        return Self.longestAscending(pairs.map(\.b)).map { pairs[$0] }
    }

    /// Indices of the longest ascending subsequence of values that are all different.
    private static func longestAscending(_ values: [Int]) -> [Int] {
        var tails: [Int] = []
        var previous = [Int](repeating: -1, count: values.count)
        for (index, value) in values.enumerated() {
            var (low, high) = (0, tails.count)
            while low < high {
                let middle = (low + high) / 2
                if values[tails[middle]] < value { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? tails[low - 1] : -1
            if low < tails.count { tails[low] = index } else { tails.append(index) }
        }
        var row: [Int] = []
        var index = tails.last ?? -1
        while index >= 0 {
            row.append(index)
            index = previous[index]
        }
        return row.reversed()
    }
}
