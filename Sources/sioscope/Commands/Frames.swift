import ArgumentParser
import Glibc
import Timeline

struct Frames: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the frames of a timeline, one a line, in the order of time.",
        discussion: """
            A line shows: time, session, sender (C client, S server), transport (ws, lp for long-polling), type, \
            namespace, event and #ack id, size in bytes, flags, payload. Types beginning with ws- are WebSocket's \
            own. On a terminal lines are cut to fit, the payload first; in a pipe all is whole. Several captures are \
            merged by their times; within one, frames keep its order, also where its clock was set back.

            Healthy heartbeats are folded into one line, in the place of the last of them: pings of the right side, \
            answered in order and within the session's pingTimeout. Everything else is always shown. --format json, \
            jsonl and csv give all columns of the table 'frames' and fold nothing.

            EXAMPLES:
              sioscope frames run.db --session 2 -t relative
              sioscope frames run.db --where "event = 'chat' AND size_bytes > 1000"
              sioscope frames -f run.db --where "sio_type = 'event'"
              sioscope frames run.db --where "close_code IS NOT NULL" --format json

            EXIT STATUS:
              0  printed, also when no frame matched or the reader closed the pipe
              130  with --follow: ended by SIGINT
              2  the timeline cannot be read, there is no such session, or --where is bad
            """
    )

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(help: ArgumentHelp("Only the frames of this session.", valueName: "n"), transform: NumberText.whole)
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

    @Option(help: ArgumentHelp("Stop after this many frames.", valueName: "n"), transform: NumberText.whole)
    var limit: Int64?

    @Flag(
        name: [.customShort("f"), .customLong("follow")],
        help: "Go on printing as another process records, each frame once it is stored; ends by SIGINT. Folds nothing.")
    var follow = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let limit = self.limit, limit < 0 {
            throw ValidationError("--limit \(limit): expected 0 or more")
        }
        if self.follow, self.limit != nil { throw ValidationError("--limit and --follow do not go together") }
        if self.follow, self.output.format == .json {
            throw ValidationError("--format json is one array, which never ends here; use --format jsonl")
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
        if self.follow { return try self.printFollowing(timeline, filter, sessions) }
        // They are gone through twice where heartbeats are folded.
        try timeline.snapshot {
            let frames = try FrameStream(timeline, filter)
            if self.output.format == .table {
                try self.printLines(of: frames, sessions)
            } else {
                var printer = self.output.printer()
                try frames.forEach(
                    Self.allSQL, columns: { try printer.begin(columns: $0) }, row: { try printer.print(row: $0) })
                try printer.end()
            }
        }
    }

    /// Never returns but by an error: SIGINT ends the process once all is flushed. A recording makes its rows visible
    /// twice a second.
    private func printFollowing(
        _ timeline: TimelineReader, _ filter: FrameFilter, _ sessions: [Int64: SessionTimes]
    ) throws {
        let terminal = Terminal.current()
        var lines = FramePrinter(
            on: terminal, clock: FrameClock(self.time, sessions: sessions), showsSession: self.session == nil,
            to: StandardOutput.shared.write)
        var printer = self.output.printer()
        let isTable = self.output.format == .table
        let parameters = isTable ? Self.linesParameters(for: terminal) : [:]
        var hasColumns = false
        // Captures that are recorded together share the ids: what comes later in one may have a lower id than what was
        // printed of the other.
        var last: [Int64: Int64] = [:]
        while true {
            let frames = try FrameStream(timeline, filter)
            try frames.forEach(isTable ? Self.linesSQL : Self.allSQL, parameters: parameters, behind: last) { columns in
                if !isTable, !hasColumns { try printer.begin(columns: columns) }
                hasColumns = true
            } row: { capture, row in
                last[capture] = row[0].integer
                guard isTable else { return try printer.print(row: row) }
                let frame = FrameRow(row)
                if let session = frame.sessionID, !lines.clock.knows(session) {
                    lines.clock.learn(try SessionTimes.load(from: timeline, first: session))
                }
                try lines.print(.frame(frame))
            }
            if isTable { try lines.flush() }
            try StandardOutput.shared.flush()
            usleep(250_000)
        }
    }

    private func printLines(of frames: FrameStream, _ sessions: [Int64: SessionTimes]) throws {
        var folded = FoldedHeartbeats.none
        if !self.heartbeats {
            let healthy = try HealthyHeartbeats(in: frames.timeline, session: self.session, sessions: sessions)
            folded = try FoldedHeartbeats(healthy: healthy, among: frames)
        }
        let terminal = Terminal.current()
        var printer = FramePrinter(
            on: terminal, clock: FrameClock(self.time, sessions: sessions), showsSession: self.session == nil,
            to: StandardOutput.shared.write)
        var count = 0
        try frames.forEach(Self.linesSQL, parameters: Self.linesParameters(for: terminal)) { row in
            count += 1
            if let line = folded.line(for: FrameRow(row)) { try printer.print(line) }
        }
        try printer.end()
        if count == 0 { StandardError.write("no frames\n") }
    }

    private static func linesParameters(for terminal: Terminal) -> [String: TimelineValue] {
        ["payload_length": .integer(FramePrinter.payloadLength(on: terminal))]
    }

    private static let linesSQL = String(decoding: PackageResources.frames_lines_sql, as: UTF8.self)
    private static let allSQL = String(decoding: PackageResources.frames_all_sql, as: UTF8.self)
}
