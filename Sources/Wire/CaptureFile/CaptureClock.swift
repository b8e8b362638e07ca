import TimelineModel

/// The unit and origin of a pcapng interface's timestamps.
///
/// Source: draft-ietf-opsawg-pcapng, `if_tsresol` and `if_tsoffset`.
struct CaptureClock: Sendable {
    /// Units in a second: 10 to this power, or 2 to it.
    private enum Resolution {
        case decimal(UInt8)
        case binary(UInt8)
    }

    private var resolution: Resolution = .decimal(6)
    /// Set where a multiplication does: nanoseconds in a unit.
    private var factor: UInt64? = 1_000
    /// Seconds to add.
    var offset: Int64 = 0 {
        didSet { self.chooseFactor() }
    }

    /// Microseconds since the epoch: what holds where the interface says nothing.
    init() {}

    /// The option's byte: the top bit chooses the power of 2.
    mutating func setResolution(_ byte: UInt8) {
        self.resolution = byte & 0x80 == 0 ? .decimal(byte) : .binary(byte & 0x7F)
        self.chooseFactor()
    }

    private mutating func chooseFactor() {
        guard case .decimal(let power) = self.resolution, power <= 9, self.offset == 0 else {
            self.factor = nil
            return
        }
        self.factor = Self.powerOfTen(9 - power)
    }

    @inline(__always)
    func timestamp(_ units: UInt64) -> Timestamp {
        guard let factor = self.factor else { return self.slowTimestamp(units) }
        let (value, overflow) = units.multipliedReportingOverflow(by: factor)
        return Timestamp(nanoseconds: overflow ? .max : Int64(clamping: value))
    }

    private func slowTimestamp(_ units: UInt64) -> Timestamp {
        let seconds: UInt64
        let nanoseconds: UInt64
        switch self.resolution {
        case .decimal(let power) where power <= 19:
            let unitsInSecond = Self.powerOfTen(power)
            seconds = units / unitsInSecond
            let rest = units % unitsInSecond
            nanoseconds =
                power <= 9 ? rest * Self.powerOfTen(9 - power) : rest / Self.powerOfTen(power - 9)
        case .decimal(let power):
            // Finer than 64 bits of units reach to a second.
            seconds = 0
            nanoseconds = power <= 28 ? units / Self.powerOfTen(power - 9) : 0
        case .binary(let power) where power < 64:
            seconds = units >> UInt64(power)
            let rest = power == 0 ? 0 : units << UInt64(64 - power)
            nanoseconds = rest.multipliedFullWidth(by: 1_000_000_000).high
        case .binary(let power):
            seconds = 0
            nanoseconds = units.multipliedFullWidth(by: 1_000_000_000).high >> UInt64(power - 64)
        }
        return Self.join(Int64(clamping: seconds), self.offset, nanoseconds)
    }

    /// `a + b` seconds and less than a second of nanoseconds; saturates.
    private static func join(_ a: Int64, _ b: Int64, _ nanoseconds: UInt64) -> Timestamp {
        // Only `b` can be negative, so the sum can overflow upwards alone.
        let (seconds, over) = a.addingReportingOverflow(b)
        if over { return Timestamp(nanoseconds: .max) }
        let (scaled, tooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if tooFar { return Timestamp(nanoseconds: seconds < 0 ? .min : .max) }
        let (sum, past) = scaled.addingReportingOverflow(Int64(nanoseconds))
        return Timestamp(nanoseconds: past ? .max : sum)
    }

    /// `power` is at most 19.
    private static func powerOfTen(_ power: UInt8) -> UInt64 {
        (0..<power).reduce(1) { value, _ in value * 10 }
    }
}
