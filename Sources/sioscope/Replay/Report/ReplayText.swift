import Replay
import TimelineModel

/// The outcome of a replay for a person.
///
///     fail  session 2 of run.db, as the server, pace recorded: 3 of 4 packets came, 1 of 1 life
///       error        +25.001 s  eio4-client-ping: client ping ... [frame 11]
///       missing       +4.210 s  event "join" ["a"]  ...
///       waited for: event "join" on /
///       sent 12 packets in 30.2 s; behind the plan by 0.2 ms, at most 0.9 ms
struct ReplayText {
    private let report: ReplayReport
    private let terminal: Terminal

    private static let wordWidth = 10
    private static let timeWidth = 12
    /// Lines of a kind before the rest is only counted.
    private static let foldBeyond = 20

    init(_ report: ReplayReport, on terminal: Terminal) {
        self.report = report
        self.terminal = terminal
    }

    func print(to write: (String) throws -> Void) throws {
        let report = self.report
        let verdict = report.isPass ? "pass" : "fail"
        let head = "\(verdict)  \(Escaping.visible(self.headline))"
        let color: Style = report.isPass ? .green : .red
        try write(color(verdict, on: self.terminal) + head.dropFirst(verdict.count) + "\n")
        for failure in report.failures { try self.print(word: "failed", nil, failure, .red, write) }
        let faults = Set(report.faults)
        try self.fold(report.findings.filter { faults.contains($0) }, write) { finding in
            try self.print(finding, .red, write)
        }
        for part in report.parts {
            try self.fold(Self.joined(part.outcome.divergences), write) { divergence, count in
                try self.print(divergence, times: count, of: part, write)
            }
            if let waited = part.outcome.waitedFor {
                try self.print(word: "waited", nil, self.prefix(part) + "for " + waited, .red, write)
            }
        }
        // What is no fault of the peer under test is told, and does not count.
        let others = report.findings.filter { !faults.contains($0) && $0.severity > .note }
        try self.fold(others, write) { finding in try self.print(finding, .yellow, write) }
        for part in report.parts {
            for remark in part.outcome.remarks {
                try self.print(word: "note", nil, self.prefix(part) + remark, .yellow, write)
            }
        }
        if let process = report.process { try write("  \(Self.text(of: process))\n") }
        try write("  \(self.timing)\n")
    }

    private var headline: String {
        let report = self.report
        let how =
            switch report.mode {
            case .server: "as the server"
            case .client: "as the client" + (report.parts.count > 1 ? ", \(report.parts.count) copies" : "")
            case .virtual: "in virtual time"
            }
        return "\(report.subject), \(how), pace \(report.pace.text): \(report.matched) of \(report.expected) packets"
            + " came, \(report.livesDone) of \(report.lives) \(report.lives == 1 ? "life" : "lives")"
    }

    private var timing: String {
        let report = self.report
        func time(_ ns: Int64) -> String { Measures.duration(nanoseconds: ns, unicode: self.terminal.unicode) }
        guard report.sent > 0 else { return "nothing was sent; \(time(report.durationNs))" }
        return "sent \(FindingsSummary.count(report.sent, "packet")) in \(time(report.durationNs)); behind the plan by "
            + "\(time(report.lateMeanNs)), at most \(time(report.lateMaxNs))"
    }

    /// `the client (python3 client.py) ended with status 0`.
    static func text(of process: ReplayReport.Process) -> String {
        let name = "the client (\(Escaping.visible(process.command.joined(separator: " "))))"
        switch process.end {
        case .exited(let status): return "\(name) ended with status \(status)"
        case .killed(let signal): return "\(name) was ended by signal \(signal)"
        case .ended: return "\(name) was ended with the replay"
        }
    }

    private func print(
        _ divergence: Divergence, times count: Int, of part: ReplayReport.Part, _ write: (String) throws -> Void
    ) throws {
        var text = self.prefix(part) + divergence.what
        if !divergence.detail.isEmpty { text += ": \(divergence.detail)" }
        for difference in divergence.differences.prefix(5) {
            text +=
                "; \(difference.pointer.isEmpty ? "all of it" : difference.pointer):"
                + " recorded \(difference.recorded ?? "nothing"), live \(difference.live ?? "nothing")"
        }
        if divergence.differences.count > 5 { text += "; and \(divergence.differences.count - 5) more" }
        if count > 1 { text += " (\(count) times)" }
        if let frame = divergence.recordedFrameID { text += " [recorded frame \(frame)]" }
        try self.print(word: divergence.kind.rawValue, divergence.atNs, text, .red, write)
    }

    /// The same that comes again and again is told once, with its number.
    private static func joined(_ divergences: [Divergence]) -> [(Divergence, count: Int)] {
        var joined: [(Divergence, count: Int)] = []
        for divergence in divergences {
            let isSame = joined.last.map { last, _ in
                last.recordedFrameID == nil && divergence.recordedFrameID == nil && last.kind == divergence.kind
                    && last.what == divergence.what && last.detail == divergence.detail
            }
            if isSame == true { joined[joined.count - 1].count += 1 } else { joined.append((divergence, 1)) }
        }
        return joined
    }

    private func print(_ finding: Finding, _ color: Style, _ write: (String) throws -> Void) throws {
        // An error that does not fail the run needs a word, or its verdict looks wrong.
        let isAside = finding.severity == .error && color != .red
        try self.print(
            word: finding.severity.rawValue, self.report.elapsed(finding),
            "\(finding.rule): \(finding.message)" + (isAside ? " (as in the recording, or of the side played)" : ""),
            color, write)
    }

    private func prefix(_ part: ReplayReport.Part) -> String { part.name.map { "\($0): " } ?? "" }

    private func fold<Item>(
        _ items: [Item], _ write: (String) throws -> Void, _ print: (Item) throws -> Void
    ) throws {
        for item in items.prefix(Self.foldBeyond) { try print(item) }
        guard items.count > Self.foldBeyond else { return }
        try write("  and \(items.count - Self.foldBeyond) more of these (--format json has all)\n")
    }

    private func print(
        word: String, _ atNs: Int64?, _ text: String, _ color: Style, _ write: (String) throws -> Void
    ) throws {
        let word = DisplayWidth.pad(word, to: Self.wordWidth)
        let time = atNs.map {
            ($0 < 0 ? "" : "+") + Measures.seconds(nanoseconds: $0).dropLast(3) + " s"
        }
        let head = "  \(word)  \(DisplayWidth.pad(time ?? "", to: Self.timeWidth, right: true))  "
        let indent = String(repeating: " ", count: 2 + Self.wordWidth + 2 + Self.timeWidth + 2)
        var lines = Wrapping.lines(
            Escaping.visible(text), width: TextReport.width(on: self.terminal), first: head, rest: indent)
        lines[0] = "  " + color(word, on: self.terminal) + lines[0].dropFirst(2 + word.count)
        for line in lines { try write(line + "\n") }
    }
}
