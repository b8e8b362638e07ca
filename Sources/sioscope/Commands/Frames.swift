import ArgumentParser
import Timeline

struct Frames: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the frames of a timeline, one a line, in the order of time.",
        discussion: """
            A line shows: time, session, sender (C client, S server), transport (ws, lp for long-polling), type, \
            namespace, event and #ack id, size in bytes, flags, payload. Types beginning with ws- are WebSocket's \
            own. On a terminal the payload is cut to fit; in a pipe it is whole.

            Healthy heartbeats are folded into one line: pings of the right side, answered in order and within the \
            session's pingTimeout. Everything else is always shown. --format json, jsonl and csv give all columns of \
            the table 'frames' and fold nothing.

            EXAMPLES:
              sioscope frames run.db --session 2 -t relative
              sioscope frames run.db --where "event = 'chat' AND size_bytes > 1000"
              sioscope frames run.db --where "close_code IS NOT NULL" --format json

            EXIT STATUS:
              0  printed, also when no frame matched or the reader closed the pipe
              2  the timeline cannot be read, there is no such session, or --where is bad
            """
    )

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(help: ArgumentHelp("Only the frames of this session.", valueName: "n"))
    var session: Int64?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only frames that meet this SQL condition on the columns of 'frames'.", valueName: "sql"))
    var condition: String?

    @Flag(help: "Show every heartbeat, folding none.")
    var heartbeats = false

    @Option(
        name: [.customShort("t"), .customLong("time")],
        help: ArgumentHelp(
            "Time before a frame: absolute (UTC), relative (to the session's start) or delta (to the line before).",
            valueName: "style"))
    var time: TimeStyle = .absolute

    @Option(help: ArgumentHelp("Stop after this many frames.", valueName: "n"))
    var limit: Int64?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit = self.limit, limit < 0 {
            throw ValidationError("--limit \(limit): expected 0 or more")
        }
    }

    func run() throws {
        let timeline = try TimelineReader(path: self.timeline)
        let sessions = try SessionTimes.load(from: timeline)
        if let session = self.session, sessions[session] == nil {
            throw ToolError(
                "--session \(session): no such session in \(self.timeline);"
                    + " 'sioscope sessions \(self.timeline)' lists them")
        }
        let filter = FrameFilter(session: self.session, condition: self.condition, limit: self.limit)
        try filter.check(on: timeline)
        if self.output.format == .table {
            try self.printLines(of: timeline, filter, sessions)
        } else {
            var printer = self.output.printer()
            try printer.print(
                filter.sql(after: Self.allSQL), parameters: filter.parameters, from: timeline)
        }
    }

    private func printLines(
        of timeline: TimelineReader, _ filter: FrameFilter, _ sessions: [Int64: SessionTimes]
    ) throws {
        var healthy = HealthyHeartbeats(ids: [])
        if !self.heartbeats {
            healthy = try HealthyHeartbeats(in: timeline, session: self.session, sessions: sessions)
        }
        let terminal = Terminal.current()
        var folder = HeartbeatFolder()
        var printer = FramePrinter(
            on: terminal, clock: FrameClock(self.time, sessions: sessions), showsSession: self.session == nil,
            to: StandardOutput.shared.write)

        var parameters = filter.parameters
        parameters["payload_length"] = .integer(FramePrinter.payloadLength(on: terminal))
        var count = 0
        try timeline.query(filter.sql(after: Self.linesSQL), parameters: parameters) { row in
            count += 1
            let frame = FrameRow(row)
            for output in folder.take(frame, isHealthy: healthy.contains(frame.id)) { try printer.print(output) }
        }
        for output in folder.finish() { try printer.print(output) }
        try printer.end()
        if count == 0 { StandardError.write("no frames\n") }
    }

    private static let linesSQL = String(decoding: PackageResources.frames_lines_sql, as: UTF8.self)
    private static let allSQL = String(decoding: PackageResources.frames_all_sql, as: UTF8.self)
}
