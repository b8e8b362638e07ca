import ArgumentParser
import Timeline

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a capture of a timeline as a file for other tools.",
        discussion: """
            jsonl is the hook log: one JSON object a line, a line a frame, and one where a transport connection opens \
            or ends. Imported again it gives the same frames; HTTP exchanges and anomalies are not in it.

            EXAMPLES:
              sioscope export run.db --format jsonl -o run.jsonl
              sioscope export run.db --format jsonl -o - | grep '"kind":"close"'

            EXIT STATUS:
              0  exported
              2  the timeline cannot be read or has no frame, or the file not be written; no file is left behind
            """
    )

    /// What can be written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl
    }

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(help: ArgumentHelp("What to write: jsonl.", valueName: "format"))
    var format: Format

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A new file; - is standard output.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var output: String

    @Option(
        help: ArgumentHelp("Which capture, by its id; needed where the timeline has several.", valueName: "id"),
        transform: NumberText.whole)
    var capture: Int64?

    func run() throws {
        let timeline = try TimelineReader(path: self.timeline)
        let capture = try self.choose(in: timeline)
        let file = try ExportFile(self.output)
        if self.output != "-" { Interrupt.takeOver() }
        do {
            guard let count = try HookLogExport(timeline: timeline, capture: capture).run(to: file) else {
                throw ToolError(
                    "\(self.timeline) has no frame in capture \(capture); there is nothing to export, and no file was made"
                )
            }
            try file.finish()
            if self.output != "-" { StandardError.write("\(self.output): \(count) frame\(count == 1 ? "" : "s")\n") }
        } catch {
            file.abandon()
            throw error
        }
    }

    /// A hook log is one capture: of two, sessions of one sid could not be told apart.
    private func choose(in timeline: TimelineReader) throws -> Int64 {
        var captures: [(id: Int64, text: String)] = []
        try timeline.query(Self.capturesSQL) { row in
            let id = row[0].integer ?? 0
            captures.append((id, "\(id) (\(row[1].text ?? ""))"))
        }
        let list = captures.prefix(5).map(\.text).joined(separator: ", ") + (captures.count > 5 ? ", ..." : "")
        if let capture = self.capture {
            guard captures.contains(where: { $0.id == capture }) else {
                throw ToolError(
                    "--capture \(capture): \(self.timeline) has " + (list.isEmpty ? "no capture" : "only \(list)"))
            }
            return capture
        }
        guard let first = captures.first else { throw ToolError("\(self.timeline) has no capture; nothing to export") }
        guard captures.count == 1 else {
            throw ToolError("\(self.timeline) has \(captures.count) captures; choose one with --capture: \(list)")
        }
        return first.id
    }

    private static let capturesSQL = String(decoding: PackageResources.export_captures_sql, as: UTF8.self)
}
