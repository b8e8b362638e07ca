/// What a mistyped name may have meant.
enum NearestNames {
    /// At most three, nearest first: names that hold the wrong one or differ from it in few letters.
    static func of(_ wrong: String, among names: [String]) -> [String] {
        let wrong = wrong.lowercased()
        let limit = max(2, wrong.count / 3)
        let words = Set(wrong.split(whereSeparator: { $0 == "-" || $0 == "_" }).filter { $0.count > 3 })
        let scored = names.compactMap { name -> (score: Int, name: String)? in
            let distance = self.distance(Array(wrong), Array(name))
            if distance <= limit { return (distance, name) }
            if wrong.count > 2, name.contains(wrong) { return (limit + 1, name) }
            return words.contains(where: { name.contains($0) }) ? (limit + 2, name) : nil
        }
        return scored.sorted { ($0.score, $0.name) < ($1.score, $1.name) }.prefix(3).map(\.name)
    }

    /// Letters to insert, delete or replace (Levenshtein).
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let replaced = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
