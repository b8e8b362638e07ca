/// Moments as people read them.
enum Measures {
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
