import ArgumentParser
import Timeline

struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the sessions of a timeline, one a line, with how each ended.",
        discussion: """
            A session is one Engine.IO sid, over polling, upgrade and WebSocket. The table shows what matters most; \
            --format json, jsonl and csv give all columns of the table 'sessions'.

            EXAMPLES:
              sioscope sessions run.db
              sioscope sessions run.db --format jsonl | jq 'select(.end_class == "rst")'

            EXIT STATUS:
              0  listed, also when there was none
              2  the timeline cannot be read
            """
    )

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let timeline = try TimelineReader(path: self.timeline)
        var summary: SessionsSummary?
        try timeline.query(Self.summarySQL) { summary = SessionsSummary($0) }
        if self.output.format == .table {
            try self.printLines(of: timeline, day: summary?.day)
        } else {
            var printer = self.output.printer()
            try printer.print(Self.allSQL, from: timeline)
        }
        if let summary { StandardError.writeLine(summary.text) }
    }

    private func printLines(of timeline: TimelineReader, day: String?) throws {
        let terminal = Terminal.current()
        var printer = TablePrinter(on: terminal, overflow: .dropLast, to: StandardOutput.shared.write)
        printer.begin(columns: SessionLine.columns(day: day))
        try timeline.query(Self.linesSQL) { row in
            try printer.print(row: SessionLine(row).cells(day: day, unicode: terminal.unicode))
        }
        try printer.end()
    }

    private static let linesSQL = String(decoding: PackageResources.sessions_lines_sql, as: UTF8.self)
    private static let allSQL = String(decoding: PackageResources.sessions_all_sql, as: UTF8.self)
    private static let summarySQL = String(decoding: PackageResources.sessions_summary_sql, as: UTF8.self)
}
