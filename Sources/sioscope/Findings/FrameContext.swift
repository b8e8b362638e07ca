import Timeline

/// The frames around a finding, as `sioscope frames` prints them; the finding's own is marked.
struct FrameContext {
    private let timeline: TimelineReader
    private let terminal: Terminal
    private let sessions: [Int64: SessionTimes]
    private let count: Int64

    /// - Parameters:
    ///   - count: frames before and behind.
    ///   - width: of a line.
    init(_ timeline: TimelineReader, count: Int64, on terminal: Terminal, width: Int) throws {
        self.timeline = timeline
        self.count = count
        self.terminal = Terminal(width: width - Self.mark.count, color: terminal.color, unicodeText: terminal.unicode)
        self.sessions = try SessionTimes.load(from: timeline)
    }

    private static let mark = "  > "
    private static let noMark = "    "

    func lines(around frame: Int64, of session: Int64?) throws -> [String] {
        var ids: [Int64] = []
        var texts: [String] = []
        let clock = FrameClock(session == nil ? .absolute : .relative, sessions: self.sessions)
        var printer = FramePrinter(on: self.terminal, clock: clock, showsSession: false, showsTitles: false) {
            texts.append($0)
        }
        let parameters: [String: TimelineValue] = [
            "session": session.map { .integer($0) } ?? .null, "frame": .integer(frame), "count": .integer(self.count),
            "payload_length": .integer(FramePrinter.payloadLength(on: self.terminal)),
        ]
        try self.timeline.query(Self.sql, parameters: parameters) { row in
            let row = FrameRow(row)
            ids.append(row.id)
            try printer.print(.frame(row))
        }
        try printer.end()
        return zip(ids, texts).map { id, text in
            (id == frame ? Style.bold(Self.mark, on: self.terminal) : Self.noMark) + text.dropLast()
        }
    }

    private static let sql =
        String(decoding: PackageResources.frames_lines_sql, as: UTF8.self)
        + String(decoding: PackageResources.frames_around_sql, as: UTF8.self)
}
