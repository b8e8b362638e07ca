/// Runs of rows by the time of the row that each stands at: a binary heap, so that a row costs no more where a thousand
/// captures are merged.
struct EarliestFirst {
    private struct Entry {
        var time: Int64
        var run: Int

        static func < (a: Self, b: Self) -> Bool { (a.time, a.run) < (b.time, b.run) }
    }

    private var entries: [Entry] = []

    /// The run whose row is the earliest; of equal ones the first. Nil where all have ended.
    var first: Int? { self.entries.first?.run }

    mutating func insert(_ time: Int64, _ run: Int) {
        var place = self.entries.count
        self.entries.append(Entry(time: time, run: run))
        while place > 0, self.entries[place] < self.entries[(place - 1) / 2] {
            self.entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// The first run stands at its next row now, or, where that is nil, has ended.
    mutating func replaceFirst(_ time: Int64?) {
        guard let first = self.entries.first else { return }
        if let time {
            self.entries[0] = Entry(time: time, run: first.run)
        } else {
            self.entries.swapAt(0, self.entries.count - 1)
            self.entries.removeLast()
        }
        var place = 0
        while true {
            let left = 2 * place + 1
            guard left < self.entries.count else { return }
            let right = left + 1
            let earlier = right < self.entries.count && self.entries[right] < self.entries[left] ? right : left
            guard self.entries[earlier] < self.entries[place] else { return }
            self.entries.swapAt(place, earlier)
            place = earlier
        }
    }
}
