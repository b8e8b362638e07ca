import TimelineModel

extension Timestamp {
    /// So many nanoseconds later; saturates.
    func later(by nanoseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: self.nanoseconds.plus(nanoseconds))
    }
}

extension Int64 {
    /// The sum of two times; saturates, for a time that was measured may be as long as the type can say.
    func plus(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
