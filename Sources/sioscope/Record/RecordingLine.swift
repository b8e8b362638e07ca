import Recording
import TimelineModel

/// The line of counts that a recording shows on a terminal while it runs.
struct RecordingLine {
    let elapsed: String
    let counts: RecordingCounts
    let framesPerSecond: Int

    /// `recording 12s: 3 sessions, 120 frames, 2 errors, 40 frames/s, 1 open`; where that is too wide, whole parts of it
    /// in shorter words, those that matter most while it runs.
    func text(width: Int?, ellipsis: String) -> String {
        var text =
            "recording \(self.elapsed): \(RecordingScreen.text(of: self.counts)), \(self.framesPerSecond) frames/s"
        if self.counts.openSessions > 0 { text += ", \(self.counts.openSessions) open" }
        guard let width, DisplayWidth.of(text) > width else { return text }
        var parts = self.parts
        while parts.count > 1, DisplayWidth.of(self.joined(parts)) > width {
            guard let least = parts.indices.max(by: { parts[$0].rank < parts[$1].rank }) else { break }
            parts.remove(at: least)
        }
        return DisplayWidth.cut(self.joined(parts), to: width, ellipsis: ellipsis)
    }

    private func joined(_ parts: [Part]) -> String {
        "\(self.elapsed): " + parts.map(\.text).joined(separator: ", ")
    }

    private struct Part {
        var text: String
        /// The highest goes first.
        var rank: Int
    }

    private var parts: [Part] {
        func some(_ number: some BinaryInteger, _ text: String, _ rank: Int) -> Part? {
            number > 0 ? Part(text: text, rank: rank) : nil
        }
        func found(_ severity: Severity, _ rank: Int) -> Part? {
            let number = self.counts.findings[severity] ?? 0
            return some(number, FindingsSummary.count(number, severity.rawValue), rank)
        }
        let all: [Part?] = [
            Part(text: "\(self.framesPerSecond) frames/s", rank: 0),
            some(self.counts.openSessions, "\(self.counts.openSessions) open", 1),
            some(self.counts.dropped, "\(self.counts.dropped) dropped", 2), found(.error, 3),
            Part(text: FindingsSummary.count(self.counts.frames, "frame"), rank: 4),
            Part(text: FindingsSummary.count(self.counts.sessions, "session"), rank: 5), found(.warning, 6),
            found(.note, 7), some(self.counts.released, "\(self.counts.released) let go", 8),
        ]
        return all.compactMap { $0 }
    }
}
