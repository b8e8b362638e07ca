/// A moment by the clock of the tap: nanoseconds since the Unix epoch, UTC.
///
/// 64 bits reach from 1677 to 2262; a capture that claims a time outside is clamped by the decoder that read it.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The epoch; stands where a source gives no time at all.
    public static let zero = Timestamp(nanoseconds: 0)

    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.nanoseconds < b.nanoseconds
    }

    /// Nanoseconds from `earlier` to this moment; negative where `earlier` is later. Saturates.
    @inlinable
    public func nanoseconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = self.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        guard overflow else { return difference }
        return self.nanoseconds < earlier.nanoseconds ? .min : .max
    }

    /// The moment so much later, or earlier for less than 0; saturates.
    @inlinable
    public func advanced(byNs ns: Int64) -> Timestamp {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(ns)
        return Timestamp(nanoseconds: overflow ? (ns > 0 ? .max : .min) : sum)
    }
}
