import TimelineModel

/// Follows the TCP timestamps (RFC 7323) of one sender of one connection, and tells where the time of the capture went
/// forward and the sender's own clock did not.
///
/// The clock's rate is taken from what the sender showed before. Segments that an outage held up look like a step too,
/// until newer ones catch up; so what comes a second later must still be behind by as much.
struct SenderClock {
    /// The capture's time went forward too far by `byNs`, somewhere between two segments.
    struct Step: Hashable, Sendable {
        var from: Timestamp
        var to: Timestamp
        var byNs: Int64
    }

    private struct Sample {
        var value: UInt32
        var at: Timestamp

        /// Ticks and nanoseconds up to `other`.
        func distance(to other: Sample) -> (ticks: Int64, ns: Int64) {
            (Int64(Int32(bitPattern: other.value &- self.value)), other.at.nanoseconds(since: self.at))
        }
    }

    private enum State {
        case empty
        /// The first and the newest of `count` samples that a steady clock may have given.
        case steady(first: Sample, last: Sample, count: Int)
        /// Behind since `after`; it is not known yet whether for good.
        case behind(Step, after: Sample, ticksPerSecond: Int64)
    }

    /// Smaller steps are not told from the network's delays.
    static let smallestNs: Int64 = 2_000_000_000
    /// What packets of several interfaces may be out of order by; a larger step back begins anew.
    private static let disorderNs: Int64 = 100_000_000
    /// How long a clock must have been seen before its rate is believed, in time and in samples.
    private static let historyNs: Int64 = 5_000_000_000
    private static let historySamples = 4
    /// How long after a step it must still be there.
    private static let proofNs: Int64 = 1_000_000_000
    /// Rates of the systems in use, in ticks a second. A clock of another is not followed.
    private static let rates: [Int64] = [10, 100, 250, 300, 1000]

    private var state = State.empty

    /// A segment's TSval; a step once it is sure.
    mutating func receive(_ value: UInt32, at: Timestamp) -> Step? {
        let sample = Sample(value: value, at: at)
        switch self.state {
        case .empty:
            self.begin(sample)
        case .steady(let first, let last, let count):
            let (ticks, ns) = last.distance(to: sample)
            if ns < -Self.disorderNs { self.begin(sample) }
            // Copies and late segments have older values.
            guard ns > 0, ticks >= 0 else { return nil }
            if ns > Self.smallestNs, let rate = Self.rate(first, last, count) {
                let missing = ns - ticks * (1_000_000_000 / rate)
                if missing > max(Self.smallestNs, ns / 8) {
                    let step = Step(from: last.at, to: at, byNs: missing)
                    self.state = .behind(step, after: sample, ticksPerSecond: rate)
                    return nil
                }
            }
            if ticks > 0 { self.state = .steady(first: first, last: sample, count: count + 1) }
        case .behind(let step, let after, let rate):
            let (ticks, ns) = after.distance(to: sample)
            if ns < -Self.disorderNs { self.begin(sample) }
            guard ns >= Self.proofNs, ticks >= 0 else { return nil }
            self.begin(sample)
            let difference = abs(ns - ticks * (1_000_000_000 / rate))
            return difference <= Self.disorderNs + ns / 32 ? step : nil
        }
        return nil
    }

    private mutating func begin(_ sample: Sample) {
        self.state = .steady(first: sample, last: sample, count: 1)
    }

    /// Ticks a second, where the samples are those of a clock as systems have them.
    private static func rate(_ first: Sample, _ last: Sample, _ count: Int) -> Int64? {
        let (ticks, ns) = first.distance(to: last)
        guard count >= Self.historySamples, ns >= Self.historyNs, ticks > 0 else { return nil }
        return Self.rates.first { abs(ns - ticks * (1_000_000_000 / $0)) <= ns / 100 }
    }
}
