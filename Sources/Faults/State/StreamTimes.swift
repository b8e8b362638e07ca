import TimelineModel

/// When something of one direction of a connection was whole: its first time and the newest few.
///
/// What is told of a capture does not come strictly in time order: a request comes with the times of its answer, and a
/// loss behind what had the very time of the first bytes after it.
struct StreamTimes: Sendable {
    private(set) var first: Timestamp?
    /// In no order; what is not filled is the earliest time there is.
    private var newest = SIMD4<Int64>(repeating: .min)

    mutating func note(_ at: Timestamp) {
        if self.first.map({ at < $0 }) ?? true { self.first = at }
        var oldest = 0
        for index in 0..<4 {
            if self.newest[index] == at.nanoseconds { return }
            if self.newest[index] < self.newest[oldest] { oldest = index }
        }
        if at.nanoseconds > self.newest[oldest] { self.newest[oldest] = at.nanoseconds }
    }

    /// The last one before a moment; nil where there is none, or none is known any more.
    func last(before moment: Timestamp) -> Timestamp? {
        var last: Int64?
        for index in 0..<4 where self.newest[index] < moment.nanoseconds && self.newest[index] > .min {
            last = max(last ?? .min, self.newest[index])
        }
        return last.map { Timestamp(nanoseconds: $0) }
    }

    /// The first known one at a moment or behind it.
    func first(from moment: Timestamp) -> Timestamp? {
        var first: Int64?
        for index in 0..<4 where self.newest[index] >= moment.nanoseconds {
            first = min(first ?? .max, self.newest[index])
        }
        return first.map { Timestamp(nanoseconds: $0) }
    }
}
