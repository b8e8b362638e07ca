/// Numbers as findings say them.
public enum Phrase {
    /// `0.9 ms`, `340 ms`, `25.002 s`, `125.3 s`, `2.50 h`: what is still of use at that size.
    public static func duration(_ nanoseconds: Int64) -> String {
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        let text: String =
            switch magnitude {
            case ..<99_950_000: self.decimal((magnitude + 50_000) / 100_000, decimals: 1) + " ms"
            case ..<999_500_000: "\((magnitude + 500_000) / 1_000_000) ms"
            case ..<99_999_500_000: self.decimal((magnitude + 500_000) / 1_000_000, decimals: 3) + " s"
            case ..<7_200_000_000_000: self.decimal((magnitude + 50_000_000) / 100_000_000, decimals: 1) + " s"
            default: self.decimal(magnitude / 36_000_000_000, decimals: 2) + " h"
            }
        return sign + text
    }

    /// `12.5 ms later`; `at once` for what rounds to nothing.
    static func later(_ nanoseconds: Int64) -> String {
        nanoseconds.magnitude < 50_000 ? "at once" : "\(self.duration(nanoseconds)) later"
    }

    /// `1 ping`, `3 pings`.
    public static func count(_ number: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    /// A text out of the traffic, in quotes: one line, at most `limit` characters, nothing a terminal obeys.
    public static func quoted(_ text: String, limit: Int = 60) -> String { "\"\(self.plain(text, limit: limit))\"" }

    /// The same without the quotes: an address.
    public static func plain(_ text: String, limit: Int = 60) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                shown.unicodeScalars.append("\u{FFFD}")
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.dropFirst(limit).isEmpty ? shown : shown + "…"
    }

    /// `a`, `a and b`, `a, b and c`.
    public static func list(_ words: [String], _ last: String = "and") -> String {
        guard words.count > 1, let end = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(last) " + end
    }

    private static func decimal(_ units: UInt64, decimals: Int) -> String {
        var digits = String(units)
        while digits.count <= decimals { digits = "0" + digits }
        return digits.dropLast(decimals) + "." + digits.suffix(decimals)
    }
}
