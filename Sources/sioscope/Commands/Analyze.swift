import ArgumentParser
import Faults
import Timeline
import TimelineModel

struct Analyze: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find protocol faults, and store them in the table 'findings'.",
        discussion: """
            All rules look at all sessions ('sioscope rules' lists them). What they find replaces the rows of the \
            table 'findings', always with all of it: the options that narrow decide what is printed and what the exit \
            status says, not what is stored. Where the file cannot be written, findings are only printed.

            Rules are turned off and changed by .sioscope.toml in the current folder or above it; --config names \
            another file:
              [analyze]
              fail_on = "warning"
              [rules.pong-missing]
              enabled = false
              [rules.eio4-client-ping]
              severity = "warning"

            EXAMPLES:
              sioscope analyze run.db
              sioscope analyze run.db --rule eio4-client-ping -C 3
              sioscope analyze run.db --since 2026-11-23T02:58Z --until +60
              sioscope analyze run.db --format sarif > run.sarif

            EXIT STATUS:
              0  nothing found at or above --fail-on
              1  something found
              2  timeline or configuration cannot be read, or no such rule or session
            """
    )

    /// How findings are printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, table, json, jsonl, csv, sarif, github, junit
    }

    @Argument(help: "The timeline to judge.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(
        help: ArgumentHelp("Print only findings of this rule; may be given several times.", valueName: "id"),
        completion: .list(Catalogue.all.map { $0.page.id }))
    var rule: [String] = []

    @Option(
        help: ArgumentHelp(
            "Print only findings at least as bad as this: error, warning or note. Without it the text leaves out what "
                + "is normal.",
            valueName: "severity"))
    var severity: Severity?

    @Option(
        help: ArgumentHelp("Print only findings of this session; may be given several times.", valueName: "n"),
        transform: NumberText.whole)
    var session: [Int64] = []

    @Option(
        help: ArgumentHelp(
            "Print only findings from this time on: 2026-11-23T02:58:49.178Z, or +12.5 (seconds since the first frame).",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Print only findings up to this time, given likewise.", valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp(
            "Exit with 1 for findings at least as bad as this: error, warning, note or never. (default: error)",
            valueName: "severity"))
    var failOn: FailOn?

    @Option(
        help: ArgumentHelp("Settings of the rules, TOML; by default the nearest .sioscope.toml.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(help: "How to print: text, table, json (one array), jsonl, csv, sarif (2.1.0), github or junit.")
    var format: Format = .text

    @Option(
        name: [.customShort("C"), .customLong("context")],
        help: ArgumentHelp("With text: print so many frames before and behind each finding's own.", valueName: "n"),
        transform: NumberText.whole)
    var context: Int64?

    @Flag(help: "With text: print each finding; else those of a rule in a session are folded beyond five.")
    var all = false

    func validate() throws {
        if let context = self.context, !(0...1000).contains(context) {
            throw ValidationError("-C \(context): expected 0 to 1000")
        }
    }

    func run() throws {
        for id in self.rule { _ = try RuleNames.page(id, flag: "--rule: ") }
        var filter = FindingFilter(
            rules: self.rule.isEmpty ? nil : Set(self.rule), least: self.severity ?? .note,
            hidesBackground: self.format == .text && self.severity == nil && self.rule.isEmpty,
            sessions: self.session.isEmpty ? nil : Set(self.session))
        let since = try Self.bound(self.since, "--since")
        let until = try Self.bound(self.until, "--until")
        let settings = try ConfigurationFile.load(self.config)
        let failOn = self.failOn ?? settings.failOn ?? .error

        let timeline = try TimelineReader(path: self.timeline)
        let sessions = try SessionLine.load(from: timeline)
        if let session = self.session.first(where: { id in !sessions.contains { $0.id == id } }) {
            throw ToolError(
                "--session \(session): no such session in \(self.timeline);"
                    + " 'sioscope sessions \(self.timeline)' lists them")
        }
        if since != nil || until != nil {
            let first = try Self.firstFrame(of: timeline)
            filter.since = since?.timestamp(firstFrame: first)
            filter.until = until?.timestamp(firstFrame: first)
            if let from = filter.since, let to = filter.until, to < from {
                throw ToolError(
                    "--since \(self.since ?? "") is later than --until \(self.until ?? ""): nothing lies between")
            }
        }
        let found = try TimelineFindings(of: timeline, settings.configuration)
        self.store(found)

        let shown = found.all.filter { filter.admits($0.finding) }
        let report = FindingsReport(
            path: self.timeline, findings: shown,
            sessions: sessions.filter { filter.sessions?.contains($0.id) ?? true }, failOn: failOn)
        try self.print(report, of: timeline)
        StandardError.writeLine(
            FindingsSummary.text(
                shown: shown, hidden: found.all.count - shown.count, sessions: found.sessions, frames: found.frames,
                hint: filter.hidesBackground && self.session.isEmpty && since == nil && until == nil
                    ? "notes on what is normal; --severity note shows them" : nil))
        if let least = failOn.least, shown.contains(where: { $0.finding.severity >= least }) { throw ExitCode.found }
    }

    private func print(_ report: FindingsReport, of timeline: TimelineReader) throws {
        let write = StandardOutput.shared.write
        switch self.format {
        case .text:
            let terminal = Terminal.current()
            var text = TextReport(terminal: terminal, showsAll: self.all)
            if let context = self.context {
                text.context = try FrameContext(
                    timeline, count: context, on: terminal, width: TextReport.width(on: terminal))
            }
            try text.print(report, to: write)
        case .table: try Self.printRows(report, with: RowPrinters.make(.table, on: .current(), to: write))
        case .csv: try Self.printRows(report, with: RowPrinters.make(.csv, on: .current(), to: write))
        case .json:
            for (index, item) in report.findings.enumerated() {
                try write((index == 0 ? "[" : ",\n ") + FindingRows.object(item))
            }
            try write(report.findings.isEmpty ? "[]\n" : "]\n")
        case .jsonl:
            for item in report.findings { try write(FindingRows.object(item) + "\n") }
        case .sarif: try SARIFReport(report).print(to: write)
        case .github:
            let sessions = Dictionary(report.sessions.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            for item in report.findings {
                try write(GitHubReport.line(item, in: item.finding.sessionID.flatMap { sessions[$0] }) + "\n")
            }
        case .junit: try JUnitReport(report).print(to: write)
        }
    }

    private static func printRows(_ report: FindingsReport, with printer: any RowPrinter) throws {
        var printer = printer
        try printer.begin(columns: FindingRows.columns)
        for item in report.findings { try printer.print(row: FindingRows.values(item)) }
        try printer.end()
    }

    private func store(_ found: TimelineFindings) {
        do {
            try FindingsWriter.replace(in: self.timeline, with: found.all.map(\.finding))
        } catch {
            StandardError.write("the findings are not stored: \(Escaping.visible(error.description))\n")
        }
    }

    private static func bound(_ text: String?, _ flag: String) throws -> TimeBound? {
        guard let text else { return nil }
        guard let bound = TimeBound(text) else {
            throw ToolError(
                "\(flag) \(text): expected a time in UTC such as 2026-11-23T02:58:49Z,"
                    + " or seconds since the first frame such as +12.5")
        }
        return bound
    }

    /// Of the timeline; the epoch where it has no frames (and nothing that could be timed by them).
    private static func firstFrame(of timeline: TimelineReader) throws -> Timestamp {
        var first = Timestamp.zero
        try timeline.query(Self.firstFrameSQL) { row in first = Timestamp(nanoseconds: row[0].integer ?? 0) }
        return first
    }

    private static let firstFrameSQL = String(decoding: PackageResources.first_frame_sql, as: UTF8.self)
}
