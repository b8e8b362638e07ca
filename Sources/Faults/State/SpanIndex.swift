import TimelineModel

/// Spans of time that are asked, again and again, for one that meets another span: a search and not a walk through all,
/// for findings and holes grow together.
struct SpanIndex: Hashable, Sendable {
    private struct Entry: Hashable {
        var span: ClosedRange<Timestamp>
        var number: Int
        /// How far it and those before it reach.
        var reach: Timestamp
    }

    /// In the order of their beginnings.
    private var entries: [Entry] = []

    /// Costs nothing to speak of where spans come in the order of their beginnings.
    ///
    /// - Parameter number: what `first` gives back.
    mutating func insert(_ span: ClosedRange<Timestamp>, number: Int = 0) {
        let isLast = self.entries.last.map { $0.span.lowerBound <= span.lowerBound } ?? true
        let place = isLast ? self.entries.count : self.place { $0.span.lowerBound > span.lowerBound }
        let reach = place > 0 ? max(self.entries[place - 1].reach, span.upperBound) : span.upperBound
        self.entries.insert(Entry(span: span, number: number, reach: reach), at: place)
        for index in self.entries.indices.dropFirst(place + 1) {
            guard self.entries[index].reach < reach else { return }
            self.entries[index].reach = reach
        }
    }

    /// The number of the first span that has a moment in common with another; nil where none has.
    func first(meeting span: ClosedRange<Timestamp>) -> Int? {
        // Where the reach grows beyond the beginning, that very entry reaches there.
        let place = self.place { $0.reach >= span.lowerBound }
        guard place < self.entries.count, self.entries[place].span.lowerBound <= span.upperBound else { return nil }
        return self.entries[place].number
    }

    /// The first entry of which something holds that holds of all behind it; the count where there is none.
    private func place(_ holds: (Entry) -> Bool) -> Int {
        var (low, high) = (0, self.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self.entries[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
