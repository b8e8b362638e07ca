/// Which packet of one stream is which of the other's.
///
/// Equal packets in order first; then equal ones out of order; then, in what lies between, packets of the same event
/// whose values have the same shape; then of the same event.
struct StreamMatch {
    /// Places in the two streams.
    struct Pair {
        var a: Int
        var b: Int
        var isReordered = false
    }

    /// The keys of one packet, each weaker than the one before.
    struct Keys {
        var exact: Int
        var shape: Int
        var event: Int
    }

    private(set) var pairs: [Pair] = []
    private var takenA: [Bool]
    private var takenB: [Bool]

    init(_ a: [Keys], _ b: [Keys]) {
        self.takenA = [Bool](repeating: false, count: a.count)
        self.takenB = [Bool](repeating: false, count: b.count)
        var anchors = SequenceAlignment.common(a.map(\.exact), b.map(\.exact))
        for pair in anchors { self.add(Pair(a: pair.a, b: pair.b)) }
        self.pairReordered(a, b)
        for key in [\Keys.shape, \Keys.event] {
            let found = self.between(anchors, a.map { $0[keyPath: key] }, b.map { $0[keyPath: key] })
            for pair in found { self.add(Pair(a: pair.a, b: pair.b)) }
            anchors = (anchors + found).sorted { $0.a < $1.a }
        }
    }

    private mutating func add(_ pair: Pair) {
        self.pairs.append(pair)
        self.takenA[pair.a] = true
        self.takenB[pair.b] = true
    }

    private mutating func pairReordered(_ a: [Keys], _ b: [Keys]) {
        var places: [Int: [Int]] = [:]
        for index in b.indices.reversed() where !self.takenB[index] {
            places[b[index].exact, default: []].append(index)
        }
        for index in a.indices where !self.takenA[index] {
            if let place = places[a[index].exact]?.popLast() { self.add(Pair(a: index, b: place, isReordered: true)) }
        }
    }

    /// What is common of what is left between the anchors.
    private func between(_ anchors: [(a: Int, b: Int)], _ a: [Int], _ b: [Int]) -> [(a: Int, b: Int)] {
        var found: [(a: Int, b: Int)] = []
        var (fromA, fromB) = (0, 0)
        for anchor in anchors + [(a.count, b.count)] {
            let leftA = (fromA..<anchor.a).filter { !self.takenA[$0] }
            let leftB = (fromB..<anchor.b).filter { !self.takenB[$0] }
            (fromA, fromB) = (anchor.a + 1, anchor.b + 1)
            guard !leftA.isEmpty, !leftB.isEmpty else { continue }
            for pair in SequenceAlignment.common(leftA.map { a[$0] }, leftB.map { b[$0] }) {
                found.append((leftA[pair.a], leftB[pair.b]))
            }
        }
        return found
    }
}
