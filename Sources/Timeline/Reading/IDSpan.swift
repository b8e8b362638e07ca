/// Where the ids of a capture begin.
struct IDStart {
    var frame: Int64
    var exchange: Int64
}

/// From where to where the ids of a capture reach, or those of captures that were recorded together.
struct IDSpan {
    let first: IDStart
    /// Where the next capture's begin.
    let next: IDStart

    /// Nothing.
    init(until start: IDStart) {
        self.first = start
        self.next = start
    }

    /// - Parameters:
    ///   - last: the span of the captures before.
    ///   - captures: the capture, and all behind it.
    init(
        behind last: IDSpan, of captures: ArraySlice<StoredCapture>, _ database: OpaquePointer, path: String
    ) throws(TimelineError) {
        self.first = last.next
        let beside = captures.first?.beside
        let together = captures.prefix { $0.id == captures.first?.id || beside != nil && $0.beside == beside }
        guard together.count < captures.count else {
            self.next = IDStart(frame: .max, exchange: .max)
            return
        }
        // A capture without connections has no frames either.
        let connection = together.compactMap { $0.connections.last?.id }.max() ?? .min
        self.next = IDStart(
            frame: try Self.firstID(
                behind: connection, from: self.first.frame, in: RowStatement(database, path: path, SQLText.frameFrom, 0)
            ),
            exchange: try Self.firstID(
                behind: connection, from: self.first.exchange,
                in: RowStatement(database, path: path, SQLText.exchangeFrom, 0)))
    }

    /// The smallest id from which on all rows are of connections behind this one, by bisection.
    static func firstID(
        behind connection: Int64, from first: Int64, in rows: RowStatement
    ) throws(TimelineError) -> Int64 {
        var (low, high) = (first, Int64.max)
        while low < high {
            let middle = low + (high - low) / 2
            rows.restart(middle)
            guard try rows.next() else {
                high = middle
                continue
            }
            var row = RowColumns(rows)
            let (id, owner) = (row.integer(), row.integer())
            if owner > connection { high = middle } else { low = id + 1 }
        }
        return low
    }
}
