import Faults
import TimelineModel

/// Prints a story: a paragraph an end, filled to the terminal.
struct StoryText {
    private let terminal: Terminal
    /// Wider lines are hard to read.
    private var width: Int { min(self.terminal.width ?? 100, 100) }

    init(on terminal: Terminal) {
        self.terminal = terminal
    }

    func text(_ story: Story) -> String {
        var blocks = story.diagnoses.map(self.block)
        let refused = self.refusals(story.refusals)
        if !refused.isEmpty { blocks.append(refused) }
        blocks += story.unexplained.map(self.unexplained)
        blocks += self.running(story.running)
        blocks += story.incomplete.map { self.filled("\($0.prefix(1).uppercased())\($0.dropFirst()).") }
        if blocks.isEmpty, story.refusedRequests > 0 {
            let what = Phrase.count(story.refusedRequests, "request was", plural: "requests were")
            blocks.append(
                self.filled("No session ended here; \(what) refused (`sioscope query` lists refused-handshakes)."))
        }
        if blocks.isEmpty { blocks.append("No session ended here, and no handshake was refused.\n") }
        return blocks.joined(separator: "\n")
    }

    private func block(_ diagnosis: Diagnosis) -> String {
        self.filled(diagnosis.paragraph) + self.others(diagnosis.others)
    }

    private func others(_ faults: [Diagnosis.OtherFault]) -> String {
        faults.map { self.lines("Also: \($0.sentence)", first: "  ", rest: "    ") }.joined()
    }

    /// Sessions that go on: those with faults one by one, the others together.
    private func running(_ sessions: [(id: Int64, faults: [Diagnosis.OtherFault])]) -> [String] {
        let end = "had not ended when the capture did"
        var blocks = sessions.filter { !$0.faults.isEmpty }
            .map { self.filled("Session \($0.id) \(end).") + self.others($0.faults) }
        let healthy = sessions.filter(\.faults.isEmpty).map(\.id)
        if !healthy.isEmpty {
            let which = Diagnosis.ranges(healthy)
            blocks.append(self.filled("\(Phrase.count(healthy.count, "session")) \(end): \(which)."))
        }
        return blocks
    }

    /// Equal refusals are told once.
    private func refusals(_ findings: [Finding]) -> String {
        var order: [String] = []
        var counts: [String: (first: Finding, count: Int)] = [:]
        for finding in findings {
            if counts[finding.rule] == nil { order.append(finding.rule) }
            counts[finding.rule, default: (finding, 0)].count += 1
        }
        return order.compactMap { counts[$0] }.map { entry in
            let more = entry.count > 1 ? " (and \(entry.count - 1) more)" : ""
            return self.filled("No session came of a handshake: \(entry.first.message) (`\(entry.first.rule)`)\(more).")
        }
        .joined(separator: "\n")
    }

    /// Refused for what is no fault of a protocol: a server that is down.
    private func unexplained(_ refused: RefusedRequests.Unexplained) -> String {
        let times = refused.count > 1 ? "\(refused.count) times " : ""
        let reason = refused.reason.map { ": \($0)" } ?? ""
        return self.filled("No session came of \(refused.request), \(times)answered \(refused.status)\(reason).")
    }

    private func filled(_ text: String) -> String { self.lines(text, first: "", rest: "") }

    private func lines(_ text: String, first: String, rest: String) -> String {
        var isCode = false
        return Wrapping.lines(Self.glued(Escaping.visible(text)), width: self.width, first: first, rest: rest)
            .map { self.styled($0, &isCode) + "\n" }.joined()
    }

    /// A number stays on the line of its unit.
    private static func glued(_ text: String) -> String {
        text.replacing(#/([0-9]) (ms|s|h|bytes?)\b/#) { "\($0.1)\u{a0}\($0.2)" }
    }

    /// Words in backquotes stand out on a terminal, also where they go on in the next line.
    private func styled(_ line: String, _ isCode: inout Bool) -> String {
        guard self.terminal.color else { return line }
        var parts: [String] = []
        for (index, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { isCode.toggle() }
            parts.append(isCode ? Style.cyan(String(part), on: self.terminal) : String(part))
        }
        return parts.joined()
    }
}
