/// Durations, moments and sizes as people read them.
enum Measures {
    /// `340 µs`, `12.5 ms`, `3.20 s`, `5 m 0 s`, `2 h 5 m`, `3 d 4 h`; a minus sign before what is negative.
    static func duration(nanoseconds: Int64, unicode: Bool = true) -> String {
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        let seconds = magnitude / 1_000_000_000
        let text: String =
            switch magnitude {
            case 0: "0 s"
            case ..<1_000_000: "\(magnitude / 1_000) \(unicode ? "µs" : "us")"
            case ..<100_000_000: "\(self.tenths(magnitude / 100_000)) ms"
            case ..<1_000_000_000: "\(magnitude / 1_000_000) ms"
            case ..<60_000_000_000: "\(self.tenths(magnitude / 100_000_000)) s"
            case ..<3_600_000_000_000: "\(seconds / 60) m \(seconds % 60) s"
            case ..<86_400_000_000_000: "\(seconds / 3600) h \(seconds / 60 % 60) m"
            default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
            }
        return sign + text
    }

    private static func tenths(_ value: UInt64) -> String {
        "\(value / 10).\(value % 10)"
    }

    /// Seconds with six decimals: `12.000340`.
    static func seconds(nanoseconds: Int64) -> String {
        let micro = nanoseconds.magnitude / 1_000
        return (nanoseconds < 0 ? "-" : "") + "\(micro / 1_000_000)." + self.digits(micro % 1_000_000, 6)
    }

    /// `2026-11-23`, of the Gregorian calendar in UTC.
    static func day(nanoseconds: Int64) -> String {
        let (year, month, day) = self.civil(day: self.floorDivide(nanoseconds, 86_400_000_000_000).quotient)
        return "\(self.digits(UInt64(year.magnitude), 4))-\(self.digits(month, 2))-\(self.digits(day, 2))"
    }

    /// `04:20:29.123456` in UTC, cut (not rounded) to as many decimals, at most 9.
    static func timeOfDay(nanoseconds: Int64, decimals: Int = 6) -> String {
        let rest = UInt64(self.floorDivide(nanoseconds, 86_400_000_000_000).remainder)
        let seconds = rest / 1_000_000_000
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { self.digits($0, 2) }.joined(separator: ":")
        return decimals == 0 ? clock : clock + "." + self.digits(rest % 1_000_000_000, 9).prefix(decimals)
    }

    /// Number of the day in UTC since 1970-01-01.
    static func dayNumber(nanoseconds: Int64) -> Int64 {
        self.floorDivide(nanoseconds, 86_400_000_000_000).quotient
    }

    /// With leading zeros.
    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The civil date of a day counted from 1970-01-01. Years begin in March here, so that the leap day comes last;
    /// 400 years are 146 097 days, 719 468 days lie between 0000-03-01 and 1970-01-01.
    private static func civil(day: Int64) -> (year: Int64, month: UInt64, day: UInt64) {
        let (era, dayOfEra) = self.floorDivide(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * march + 2) / 5 + 1
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), UInt64(month), UInt64(dayOfMonth))
    }
}
