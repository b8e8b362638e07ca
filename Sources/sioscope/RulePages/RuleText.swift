import Faults
import Replay

/// The page of a rule, part by part, for whatever prints it.
enum RuleText {
    struct Part: Equatable {
        var title: String
        /// Markdown in one line.
        var text: String
    }

    static func parts(of page: RulePage) -> [Part] {
        var parts = [Part(title: "What it finds", text: page.finds), Part(title: "Why it matters", text: page.why)]
        if let fix = page.clientFix { parts.append(Part(title: "On the client", text: fix)) }
        if let fix = page.serverFix { parts.append(Part(title: "On the server", text: fix)) }
        parts.append(Part(title: "What it does not count", text: page.falseAlarms))
        for threshold in page.thresholds {
            parts.append(
                Part(
                    title: "Threshold",
                    text: "`\(threshold.name)` = \(self.number(threshold.standard)): " + threshold.meaning))
        }
        if let text = self.provocation(of: page) { parts.append(Part(title: "To break it on purpose", text: text)) }
        parts.append(Part(title: "Source", text: page.source))
        return parts.map { Part(title: $0.title, text: self.oneLine($0.text)) }
    }

    /// How a client is made to break the rule; nil where no client can.
    private static func provocation(of page: RulePage) -> String? {
        if let misbehaviour = Misbehaviour(rawValue: page.id) {
            let needs = misbehaviour.needs.map { " It takes \($0)." } ?? ""
            return "`sioscope replay RUN.db --misbehave \(page.id)`: the client \(misbehaviour.summary).\(needs)"
        }
        return Misbehaviour.impossible[page.id].map { "The bundled client cannot: \($0)." }
    }

    /// `error · Engine.IO layer · Engine.IO 4 · client · since 0.1`
    static func facts(of page: RulePage, separator: String) -> String {
        let versions = page.versions == "all" ? "all versions" : page.versions
        return [
            page.severity.rawValue, page.layer.rawValue + " layer", versions, self.sides(page), "since \(page.since)",
        ].joined(separator: separator)
    }

    static func sides(_ page: RulePage) -> String { page.sides.map(\.rawValue).joined(separator: ", ") }

    static func summary(_ page: RulePage) -> String { self.oneLine(page.summary) }

    /// Without the `.0` of a whole number.
    static func number(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? String(value)
    }

    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Without its heading.
    static func markdown(_ page: RulePage) -> String {
        var text = "\(self.summary(page)).\n\n*\(self.facts(of: page, separator: " · "))*\n"
        for part in self.parts(of: page) { text += "\n**\(part.title).** \(part.text)\n" }
        return text
    }

    /// For a terminal: headings, and the texts below them, filled.
    static func lines(_ page: RulePage, on terminal: Terminal) -> [String] {
        let width = min(terminal.width ?? 100, 100)
        var lines = [Style.bold(page.id, on: terminal)]
        lines += Wrapping.lines(self.facts(of: page, separator: terminal.unicode ? " · " : ", "), width: width)
            .map { Style.dim($0, on: terminal) }
        lines += [""] + Wrapping.lines(self.summary(page) + ".", width: width)
        for part in self.parts(of: page) {
            lines += ["", Style.bold(part.title, on: terminal)]
            lines += Wrapping.lines(part.text, width: width, first: "  ", rest: "  ")
        }
        return lines
    }
}
