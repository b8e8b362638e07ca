public import TimelineModel

extension ClosedRange where Bound == Timestamp {
    /// The time between two moments in either order: where the clock of the tap stepped, what came later has an earlier
    /// time, and a range with its ends the wrong way round does not exist.
    public init(between a: Timestamp, and b: Timestamp) {
        self = Swift.min(a, b)...Swift.max(a, b)
    }
}
