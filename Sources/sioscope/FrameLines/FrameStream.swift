import Timeline

/// The frames that were asked for, of all captures, in the order of time.
///
/// Within a capture that is the order of the ids, and several captures are merged by their times: nothing is sorted, and
/// one row a capture is held.
struct FrameStream {
    let timeline: TimelineReader
    let filter: FrameFilter
    private let ranges: [FrameRange]

    init(_ timeline: TimelineReader, _ filter: FrameFilter) throws {
        self.timeline = timeline
        self.filter = filter
        self.ranges = try timeline.frameRanges()
    }

    /// - Parameters:
    ///   - select: a SELECT from `frames`, with the columns `id` and `at_ns`, up to its WHERE.
    ///   - parameters: of that SELECT.
    func forEach(
        _ select: String, parameters: [String: TimelineValue] = [:],
        columns: ([String]) throws -> Void = { _ in }, row: ([TimelineValue]) throws -> Void
    ) throws {
        try self.forEach(select, parameters: parameters, behind: [:], columns: columns) { _, values in try row(values) }
    }

    /// - Parameters:
    ///   - last: the id behind which the frames of a capture are wanted.
    ///   - row: gets the number of the capture, too.
    func forEach(
        _ select: String, parameters: [String: TimelineValue], behind last: [Int64: Int64],
        columns: ([String]) throws -> Void, row: (_ capture: Int64, [TimelineValue]) throws -> Void
    ) throws {
        var filters = self.ranges.map { range in
            var filter = self.filter
            filter.range = range
            filter.after = last[range.capture]
            return filter
        }
        // Without a capture there is no row, but the names of the columns are wanted all the same.
        if filters.isEmpty { filters = [self.filter] }
        let queries = filters.map { filter in
            (filter.sql(after: select), parameters.merging(filter.parameters) { $1 })
        }
        var left = self.filter.limit ?? .max
        try self.timeline.merge(queries, by: "at_ns", columns: columns) { query, values in
            try row(filters[query].range?.capture ?? 0, values)
            left -= 1
            return left > 0
        }
    }
}
