import Timeline
import TimelineModel

/// A moment as `--since` and `--until` take it.
enum TimeBound: Equatable {
    case absolute(Timestamp)
    /// Nanoseconds since the timeline's first frame.
    case relative(Int64)

    /// `2026-11-23T02:58:49.178Z` (the seconds, and the time as a whole, may be missing), or `+12.5`: seconds since the
    /// first frame. Nil for anything else.
    init?(_ text: String) {
        if text.hasPrefix("+") {
            guard let nanoseconds = Self.seconds(text.dropFirst()) else { return nil }
            self = .relative(nanoseconds)
        } else {
            guard let moment = Self.moment(text) else { return nil }
            self = .absolute(moment)
        }
    }

    func timestamp(firstFrame: Timestamp) -> Timestamp {
        switch self {
        case .absolute(let moment): return moment
        case .relative(let nanoseconds):
            let (sum, overflow) = firstFrame.nanoseconds.addingReportingOverflow(nanoseconds)
            return Timestamp(nanoseconds: overflow ? .max : sum)
        }
    }

    /// `12`, `12.5`, to the nanosecond.
    private static func seconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Self.number($0) }) else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard (1...9).contains(parts[1].count), let digits = Self.number(parts[1]) else { return nil }
            fraction = (parts[1].count..<9).reduce(digits) { value, _ in value * 10 }
        }
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(fraction)
        return overflow || carry ? nil : sum
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }

    private static func moment(_ text: String) -> Timestamp? {
        var text = text[...]
        if text.hasSuffix("Z") { text = text.dropLast() }
        let halves = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
        // What 64 bits of nanoseconds reach.
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            (1678...2261).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let midnight = Self.dayNumber(year, month, day) * 86_400_000_000_000
        // A 30th of February would land in March.
        guard Measures.day(nanoseconds: midnight) == halves[0] else { return nil }
        guard halves.count == 2 else { return Timestamp(nanoseconds: midnight) }

        let clock = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(clock.count), let hours = Self.number(clock[0]), let minutes = Self.number(clock[1]),
            clock[0].count == 2, clock[1].count == 2, hours < 24, minutes < 60,
            let seconds = clock.count == 3 ? Self.seconds(clock[2]) : 0, seconds < 60_000_000_000
        else { return nil }
        return Timestamp(nanoseconds: midnight + (hours * 60 + minutes) * 60_000_000_000 + seconds)
    }

    /// Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March here, so that the leap day comes
    /// last.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (year / 400, year % 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
