/// How long something took, in words. All durations are rounded here, to the nearest and never cut: two texts of one
/// duration then agree, however many digits each of them has.
public enum Lapse {
    private static let microsecond: UInt64 = 1_000
    private static let millisecond: UInt64 = 1_000_000
    private static let second: UInt64 = 1_000_000_000
    private static let minute = 60 * second
    private static let hour = 60 * minute

    /// As findings say it, `0.9 ms`, `340 ms`, `25.002 s`, `125.3 s`, `2.50 h`: what is still of use at that size.
    public static func exact(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let text: String =
            switch magnitude {
            // Each of these ends where the rounding would reach the next.
            case ..<99_950_000: self.decimal(magnitude, self.millisecond, 1) + " ms"
            case ..<999_500_000: "\(self.rounded(magnitude, self.millisecond)) ms"
            case ..<99_999_500_000: self.decimal(magnitude, self.second, 3) + " s"
            case ..<7_199_950_000_000: self.decimal(magnitude, self.second, 1) + " s"
            default: self.decimal(magnitude, self.hour, 2) + " h"
            }
        return (nanoseconds < 0 ? "-" : "") + text
    }

    /// As a column has room for it, `340 µs`, `12.5 ms`, `3.2 s`, `5 m 0 s`, `2 h 5 m`, `3 d 4 h`.
    public static func brief(_ nanoseconds: Int64, unicode: Bool = true) -> String {
        let magnitude = nanoseconds.magnitude
        let text: String =
            switch magnitude {
            case 0: "0 s"
            case ..<999_500: "\(self.rounded(magnitude, self.microsecond)) \(unicode ? "µs" : "us")"
            case ..<99_950_000: self.decimal(magnitude, self.millisecond, 1) + " ms"
            case ..<999_500_000: "\(self.rounded(magnitude, self.millisecond)) ms"
            case ..<59_950_000_000: self.decimal(magnitude, self.second, 1) + " s"
            default: self.long(magnitude)
            }
        return (nanoseconds < 0 ? "-" : "") + text
    }

    /// As a clock that runs shows it, `12 s`, `5 m 0 s`: tenths would only flicker.
    public static func running(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let seconds = self.rounded(magnitude, self.second)
        return (nanoseconds < 0 && seconds > 0 ? "-" : "") + (seconds < 60 ? "\(seconds) s" : self.long(magnitude))
    }

    /// With no more digits than it needs, `350 ms`, `3 s`, `1.25 s`: what somebody has set.
    public static func plain(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        guard magnitude >= 999_500_000 else {
            let milliseconds = self.rounded(magnitude, self.millisecond)
            return (nanoseconds < 0 && milliseconds > 0 ? "-" : "") + "\(milliseconds) ms"
        }
        var text = self.decimal(magnitude, self.second, 2)
        while text.hasSuffix("0") { text.removeLast() }
        return (nanoseconds < 0 ? "-" : "") + (text.hasSuffix(".") ? String(text.dropLast()) : text) + " s"
    }

    /// Seconds without a unit: `12.000340`.
    public static func seconds(_ nanoseconds: Int64, decimals: Int = 6) -> String {
        let text = self.decimal(nanoseconds.magnitude, self.second, decimals)
        // What rounds to nothing has no sign.
        return (nanoseconds < 0 && text.contains { "123456789".contains($0) } ? "-" : "") + text
    }

    /// Seconds from a beginning, `+2.510 s`.
    public static func offset(_ nanoseconds: Int64) -> String {
        let text = self.seconds(nanoseconds, decimals: 3) + " s"
        return text.hasPrefix("-") ? text : "+" + text
    }

    /// From a minute up: the unit that is known best, and the next.
    private static func long(_ magnitude: UInt64) -> String {
        let (unit, large, small, parts): (UInt64, String, String, UInt64) =
            switch magnitude {
            case ..<3_599_500_000_000: (self.second, "m", "s", 60)
            case ..<86_370_000_000_000: (self.minute, "h", "m", 60)
            default: (self.hour, "d", "h", 24)
            }
        let units = self.rounded(magnitude, unit)
        return "\(units / parts) \(large) \(units % parts) \(small)"
    }

    /// How many of the unit, the half upward. It never overflows, for a magnitude is at most half of what the type holds.
    private static func rounded(_ magnitude: UInt64, _ unit: UInt64) -> UInt64 {
        (magnitude + unit / 2) / unit
    }

    /// - Parameter decimals: one at least; that part of a unit must be whole nanoseconds.
    private static func decimal(_ magnitude: UInt64, _ unit: UInt64, _ decimals: Int) -> String {
        var part = unit
        for _ in 0..<decimals { part /= 10 }
        var digits = String(self.rounded(magnitude, part))
        while digits.count <= decimals { digits = "0" + digits }
        return digits.dropLast(decimals) + "." + digits.suffix(decimals)
    }
}
