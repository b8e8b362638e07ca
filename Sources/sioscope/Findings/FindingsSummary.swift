import TimelineModel

/// One line on what came of an analysis.
enum FindingsSummary {
    /// - Parameters:
    ///   - shown: what was printed.
    ///   - hidden: how many more there are.
    ///   - sessions: that were judged.
    ///   - hint: how to see these.
    static func text(
        shown: [NumberedFinding], hidden: Int, sessions: Int, frames: Int64, hint: String? = nil
    ) -> String {
        let how = hint.map { " (\($0))" } ?? ""
        let more = hidden == 0 ? "" : "; \(self.count(hidden, "finding")) not shown\(how)"
        guard !shown.isEmpty else {
            return "nothing found in \(self.count(sessions, "session")), \(self.count(frames, "frame"))" + more
        }
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let number = shown.count { $0.finding.severity == severity }
            return number == 0 ? nil : self.count(number, severity.rawValue)
        }
        let touched = Set(shown.compactMap(\.finding.sessionID)).count
        let place =
            touched == 0
            ? " outside of sessions"
            : touched == sessions ? " in \(self.count(sessions, "session"))" : " in \(touched) of \(sessions) sessions"
        return counts.joined(separator: ", ") + place + more
    }

    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
