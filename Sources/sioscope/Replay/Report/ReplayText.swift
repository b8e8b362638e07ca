import Replay
import TimelineModel

/// The outcome of a replay for a person: the verdict, then what went wrong in the order of time.
///
///     fail  session 2 of run.db, as the server, pace recorded: 3 of 4 packets came, 1 of 1 connection
///       error        +25.001 s  eio4-client-ping: client ping ...
///       missing                 event "join" ["a"]  ...
///       waited for event "join" on /
///       sent 12 packets in 30.2 s; behind the plan by 0.2 ms, at most 0.9 ms
struct ReplayText {
    private let report: ReplayReport
    private let terminal: Terminal

    private static let wordWidth = 10
    private static let timeWidth = 12
    /// Lines of a list before the rest is only counted.
    private static let foldBeyond = 20
    /// Of the client's command.
    private static let commandWidth = 60

    init(_ report: ReplayReport, on terminal: Terminal) {
        self.report = report
        self.terminal = terminal
    }

    func print(to write: (String) throws -> Void) throws {
        let report = self.report
        let verdict = report.verdict.rawValue
        let color: Style =
            switch report.verdict {
            case .pass: .green
            case .fail: .red
            case .interrupted: .yellow
            }
        var head = self.lines(self.headline, first: verdict + "  ", rest: "      ")
        head[0] = color(verdict, on: self.terminal) + head[0].dropFirst(verdict.count)
        for line in head { try write(line + "\n") }
        // The first says why nobody came, and stands above.
        for failure in report.failures.dropFirst(report.isUnmet ? 1 : 0) {
            try self.print("failed", failure, .red, write)
        }
        try self.print(self.faults, write)
        try self.printJoined(self.waited, "waited", report.isInterrupted ? .yellow : .red, write)
        // What is no fault of the peer under test is told, and does not count.
        try self.print(self.others, write)
        try self.printJoined(\.outcome.remarks, "note", .yellow, write)
        if let process = report.process { try self.printPlain(Self.text(of: process), write) }
        if let timing { try self.printPlain(timing, write) }
    }

    private var headline: String {
        let report = self.report
        let how =
            switch report.mode {
            case .server: "as the server"
            case .client: "as the client" + (report.parts.count > 1 ? ", \(report.parts.count) copies" : "")
            case .virtual: "in virtual time"
            }
        let came =
            report.isUnmet
            ? report.failures.first ?? "no client connected"
            : "\(report.matched) of \(report.expected) packets came, \(report.livesDone) of "
                + FindingsSummary.count(report.lives, "connection")
        return "\(report.subject), \(how), pace \(report.pace.text): \(came)"
            + (report.isInterrupted ? " until it was interrupted" : "")
    }

    private var timing: String? {
        let report = self.report
        func time(_ ns: Int64) -> String { Lapse.brief(ns, unicode: self.terminal.unicode) }
        guard report.sent > 0 else { return report.isUnmet ? nil : "nothing was sent" }
        let sent = "sent \(FindingsSummary.count(report.sent, "packet")) in \(time(report.durationNs))"
        // There nothing is ever late.
        guard report.mode != .virtual else { return "\(sent) of virtual time" }
        return "\(sent); behind the plan by \(time(report.lateMeanNs)), at most \(time(report.lateMaxNs))"
    }

    /// `the client (python3 client.py) ended with status 0`.
    static func text(of process: ReplayReport.Process) -> String {
        let command = process.command.joined(separator: " ")
        let cut = DisplayWidth.cut(Escaping.visible(command), to: Self.commandWidth, ellipsis: "...")
        let name = "the client (\(cut))"
        switch process.end {
        case .exited(let status): return "\(name) ended with status \(status)"
        case .killed(let signal): return "\(name) was ended by signal \(signal)"
        case .ended: return "\(name) was ended with the replay"
        }
    }

    // MARK: Lists

    /// A line of a list.
    private struct Item {
        var word: String
        /// Nil for what never came; that stands last.
        var atNs: Int64?
        var text: String
        var color: Style
    }

    /// What makes it fail, in the order of time.
    private var faults: [Item] {
        let faults = Set(self.report.faults)
        var items = self.report.findings.filter { faults.contains($0) }.map { self.item($0, .red) }
        // Where nobody came all of it is missing, and that is said.
        for part in self.report.isUnmet ? [] : self.report.parts {
            items += Self.joined(part.outcome.divergences).map { self.item($0, times: $1, of: part) }
        }
        // Stable: what happens at one time stays as it was found.
        return items.enumerated().sorted { one, other in
            (one.element.atNs ?? .max, one.offset) < (other.element.atNs ?? .max, other.offset)
        }.map(\.element)
    }

    private var others: [Item] {
        let faults = Set(self.report.faults)
        return self.report.findings.filter { !faults.contains($0) && $0.severity > .note }.map {
            self.item($0, .yellow)
        }
    }

    private func item(_ finding: Finding, _ color: Style) -> Item {
        // An error that does not fail the run needs a word, or its verdict looks wrong.
        let isAside = finding.severity == .error && color != .red
        return Item(
            word: finding.severity.rawValue, atNs: self.report.elapsed(finding),
            text: "\(finding.rule): \(finding.message)"
                + (isAside ? " (does not count: as in the recording, or of the side played)" : ""),
            color: color)
    }

    private func item(_ divergence: Divergence, times count: Int, of part: ReplayReport.Part) -> Item {
        var text = self.prefix(part) + Self.what(divergence)
        if !divergence.detail.isEmpty { text += ": \(divergence.detail)" }
        for difference in divergence.differences.prefix(5) {
            text +=
                "; \(difference.pointer.isEmpty ? "all of it" : difference.pointer):"
                + " recorded \(difference.recorded ?? "nothing"), live \(difference.live ?? "nothing")"
        }
        if divergence.differences.count > 5 { text += "; and \(divergence.differences.count - 5) more" }
        if count > 1 { text += " (\(count) times)" }
        if let frame = divergence.recordedFrameID { text += " [recorded frame \(frame)]" }
        return Item(word: divergence.kind.rawValue, atNs: part.elapsed(divergence), text: text, color: .red)
    }

    /// `event on /chat ["a",1]`: the root goes without saying, but in a CONNECT.
    private static func what(_ divergence: Divergence) -> String {
        let what = divergence.what
        guard let namespace = divergence.namespace, namespace != "/" || what == "connect" else { return what }
        let kind = what.prefix { $0 != " " }
        return "\(kind) \(kind == "connect" ? "to" : "on") \(namespace)\(what.dropFirst(kind.count))"
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

    private func waited(_ part: ReplayReport.Part) -> [String] {
        let packets = FindingsSummary.count(part.outcome.expected, "packet")
        return part.outcome.waitedFor.map {
            ["for " + $0 + (self.report.isUnmet ? ", and then for \(packets) of it" : "")]
        } ?? []
    }

    private func prefix(_ part: ReplayReport.Part) -> String { part.name.map { "\($0): " } ?? "" }

    private func print(_ items: [Item], _ write: (String) throws -> Void) throws {
        for item in items.prefix(Self.foldBeyond) {
            let time = item.atNs.map { Lapse.offset($0) }
            try self.print(
                item.word, DisplayWidth.pad(time ?? "", to: Self.timeWidth, right: true) + "  ", item.text, item.color,
                write)
        }
        let rest = items.dropFirst(Self.foldBeyond)
        guard !rest.isEmpty else { return }
        var counts: [(word: String, count: Int)] = []
        for item in rest {
            if let place = counts.firstIndex(where: { $0.word == item.word }) {
                counts[place].count += 1
            } else {
                counts.append((item.word, 1))
            }
        }
        let words = counts.map { "\($0.count) \($0.word)" }.joined(separator: ", ")
        try self.printPlain("and \(rest.count) more: \(words) (--format json has all)", write)
    }

    /// One line for each text, however many parts have it.
    private func printJoined(
        _ texts: (ReplayReport.Part) -> [String], _ word: String, _ color: Style, _ write: (String) throws -> Void
    ) throws {
        var order: [String] = []
        var parts: [String: [ReplayReport.Part]] = [:]
        for part in self.report.parts {
            for text in texts(part) {
                if parts[text] == nil { order.append(text) }
                parts[text, default: []].append(part)
            }
        }
        for text in order.prefix(Self.foldBeyond) {
            let of = parts[text] ?? []
            let name = of.count == 1 ? self.prefix(of[0]) : "\(of.count) copies: "
            try self.print(word, name + text, color, write)
        }
        guard order.count > Self.foldBeyond else { return }
        try self.printPlain("and \(order.count - Self.foldBeyond) more (--format json has all)", write)
    }

    // MARK: Lines

    private func print(_ word: String, _ text: String, _ color: Style, _ write: (String) throws -> Void) throws {
        try self.print(word, "", text, color, write)
    }

    private func print(
        _ word: String, _ time: String, _ text: String, _ color: Style, _ write: (String) throws -> Void
    ) throws {
        let padded = DisplayWidth.pad(word, to: Self.wordWidth)
        let head = "  \(padded)  \(time)"
        var lines = self.lines(text, first: head, rest: String(repeating: " ", count: DisplayWidth.of(head)))
        lines[0] = "  " + color(word, on: self.terminal) + lines[0].dropFirst(2 + word.count)
        for line in lines { try write(line + "\n") }
    }

    private func printPlain(_ text: String, _ write: (String) throws -> Void) throws {
        for line in self.lines(text, first: "  ", rest: "    ") { try write(line + "\n") }
    }

    private func lines(_ text: String, first: String, rest: String) -> [String] {
        // A number stays with its unit.
        let text = Escaping.visible(text).replacing(/(\d) (s|ms|µs|us)\b/) { "\($0.1)\u{a0}\($0.2)" }
        return Wrapping.lines(text, width: TextReport.width(on: self.terminal), first: first, rest: rest)
    }
}
