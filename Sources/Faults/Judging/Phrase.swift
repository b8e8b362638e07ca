import TimelineModel

/// Numbers as findings say them.
public enum Phrase {
    /// `0.9 ms`, `340 ms`, `25.002 s`, `125.3 s`, `2.50 h`.
    public static func duration(_ nanoseconds: Int64) -> String { Lapse.exact(nanoseconds) }

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
}
