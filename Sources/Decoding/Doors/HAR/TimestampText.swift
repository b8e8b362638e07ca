import TimelineModel

extension Timestamp {
    /// A time of ISO 8601 as HAR writes it: `2023-08-29T13:03:20.195591+00:00`. Any fraction, a point or comma before
    /// it; digits beyond nanoseconds are cut. Without a zone it is taken for UTC. Nil for anything else, and for years
    /// that 64 bits of nanoseconds do not reach.
    init?(iso8601 text: String) {
        var reader = TextReader(text)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
            (1...12).contains(month), (1...31).contains(day), hour <= 24, minute < 60
        else { return nil }
        var second: Int64 = 0
        if reader.take(":") {
            guard let read = reader.digits(2), read <= 60 else { return nil }  // 60 is a leap second
            second = read
        }
        var fraction: Int64 = 0
        if reader.take(".") || reader.take(",") {
            guard let read = reader.fraction() else { return nil }
            fraction = read
        }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        let days = Self.days(year, month, day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60
        self.init(seconds: seconds, fraction: fraction)
    }

    /// Seconds since the epoch as a decimal number, `1693314200.336985`. Read digit by digit, as a `Double` has no
    /// room for nanoseconds. Milliseconds are told by their size: as seconds they would lie beyond the year 5000.
    init?(epoch text: String) {
        guard !text.hasPrefix("-") else { return nil }
        var reader = TextReader(text)
        guard let whole = reader.number() else { return nil }
        var fraction: Int64 = 0
        if reader.take(".") {
            guard let read = reader.fraction() else { return nil }
            fraction = read
        }
        guard reader.isAtEnd else {
            // With an exponent: rare, and as exact as it was.
            guard let value = Double(text), let nanoseconds = Int64(exactly: (value * 1e9).rounded()) else {
                return nil
            }
            self.init(nanoseconds: nanoseconds)
            return
        }
        if whole > 100_000_000_000 {
            self.init(seconds: whole / 1_000, fraction: whole % 1_000 * 1_000_000 + fraction / 1_000)
        } else {
            self.init(seconds: whole, fraction: fraction)
        }
    }

    private init?(seconds: Int64, fraction: Int64) {
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = nanoseconds.addingReportingOverflow(fraction)
        guard !overflow, !overflows else { return nil }
        self.init(nanoseconds: sum)
    }

    /// Days from the epoch to a day of the Gregorian calendar. The year is counted from March, so that the leap day is
    /// its last and needs no case of its own.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let sinceMarch = (month + 9) % 12
        let dayOfYear = (153 * sinceMarch + 2) / 5 + day - 1
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leapDays + dayOfYear - 719_468
    }

    /// This moment, milliseconds later; as HAR counts durations. What is no such number counts as none.
    func adding(milliseconds: Double) -> Timestamp {
        guard milliseconds.isFinite, milliseconds > 0, milliseconds < 1e12 else { return self }
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(Int64(milliseconds * 1e6))
        return overflow ? self : Timestamp(nanoseconds: sum)
    }
}

/// Reads the parts of a time from its text.
private struct TextReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        self.rest = Substring(text).utf8
    }

    var isAtEnd: Bool { self.rest.isEmpty }

    mutating func take(_ character: Character) -> Bool {
        guard let byte = self.rest.first, byte == character.asciiValue else { return false }
        self.rest.removeFirst()
        return true
    }

    private mutating func digit() -> Int64? {
        guard let byte = self.rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        self.rest.removeFirst()
        return Int64(byte - UInt8(ascii: "0"))
    }

    /// Exactly so many digits.
    mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = self.digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Up to 18 digits, which fit 64 bits.
    mutating func number() -> Int64? {
        guard var value = self.digit() else { return nil }
        for _ in 0..<17 {
            guard let digit = self.digit() else { break }
            value = value * 10 + digit
        }
        return value
    }

    /// Digits behind a decimal point, as nanoseconds.
    mutating func fraction() -> Int64? {
        guard var value = self.digit() else { return nil }
        var count = 1
        while let digit = self.digit() {
            if count < 9 { value = value * 10 + digit }
            count += 1
        }
        for _ in min(count, 9)..<9 { value *= 10 }
        return value
    }

    /// Minutes east of UTC: `Z`, `+02:00`, `+0200`, `+02`, or nothing.
    mutating func zone() -> Int64? {
        if self.isAtEnd || self.take("Z") || self.take("z") { return 0 }
        let isWest = self.take("-")
        guard isWest || self.take("+"), let hours = self.digits(2), hours < 24 else { return nil }
        var minutes: Int64 = 0
        if !self.isAtEnd {
            _ = self.take(":")
            guard let read = self.digits(2), read < 60 else { return nil }
            minutes = read
        }
        return (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
}
