import TimelineModel

/// Lines as tcpdump's users like them: one a frame, in columns whose widths come from the first frames.
struct FramePrinter {
    /// Lines that are looked at before the first is printed.
    static let sampleSize = 200
    /// Columns that an unusual name may widen, but not beyond this.
    static let widestName = 24
    /// Room where it is not known what comes: most event names, and the longest type of Socket.IO.
    static let usualName = 12
    static let usualType = 13
    private static let gap = "  "
    /// `C → S`
    private static let arrowWidth = 5
    private static let transportWidth = 2
    /// With less room than its title needs the payload is left out.
    static let narrowestPayload = 7

    private enum Line {
        case frame(atNs: Int64, time: String, FrameCells)
        case heartbeats(atNs: Int64, time: String, HeartbeatFolder.Summary)
    }

    private struct Widths {
        var session = 0
        var type = 4
        var namespace = 0
        var name = 0
        var size = 5
        var flags = 0
        var showsPayload = true

        /// Where a terminal is too narrow, the payload goes first; then names are cut, then what has few words.
        mutating func fit(_ room: Int) {
            self.showsPayload = room - self.total >= FramePrinter.gap.count + FramePrinter.narrowestPayload
            let steps: [(column: WritableKeyPath<Self, Int>, least: Int)] = [
                (\.name, 12), (\.namespace, 8), (\.name, 8), (\.flags, 5), (\.type, 7), (\.namespace, 5), (\.name, 5),
                (\.namespace, 3), (\.type, 4),
            ]
            for step in steps where self.total > room && self[keyPath: step.column] > step.least {
                let excess = self.total - room
                self[keyPath: step.column] = max(step.least, self[keyPath: step.column] - excess)
            }
        }

        /// Of the columns between time and payload whose widths vary, with the gap before each.
        private var total: Int {
            [self.session, self.type, self.namespace, self.name, self.size, self.flags]
                .reduce(0) { $1 == 0 ? $0 : $0 + $1 + FramePrinter.gap.count }
        }
    }

    private let terminal: Terminal
    private let write: (String) throws -> Void
    private let showsSession: Bool
    private let showsTitles: Bool
    var clock: FrameClock
    private var sample: [Line] = []
    private var widths: Widths?
    private var day: Int64?

    /// - Parameter showsSession: false where all frames are of one session.
    init(
        on terminal: Terminal, clock: FrameClock, showsSession: Bool, showsTitles: Bool = true,
        to write: @escaping (String) throws -> Void
    ) {
        self.terminal = terminal
        self.clock = clock
        self.showsSession = showsSession
        self.showsTitles = showsTitles
        self.write = write
    }

    /// How much of a payload can be shown, in bytes; as good as all where nothing is cut.
    static func payloadLength(on terminal: Terminal) -> Int64 {
        // The event's name is taken off the payload's head, so there must be some more than fits.
        terminal.width.map { 4 * Int64($0) + 512 } ?? Int64(Int32.max)
    }

    mutating func print(_ output: FoldedHeartbeats.Line) throws {
        let line: Line
        switch output {
        case .frame(let frame):
            let time = self.clock.time(atNs: frame.atNs, session: frame.sessionID)
            line = .frame(atNs: frame.atNs, time: time, FrameCells(frame, unicode: self.terminal.unicode))
        case .heartbeats(let summary):
            let time = self.clock.time(atNs: summary.lastNs, session: summary.sessionID)
            line = .heartbeats(atNs: summary.lastNs, time: time, summary)
        }
        if let widths = self.widths { return try self.printLine(line, widths) }
        self.sample.append(line)
        if self.sample.count >= Self.sampleSize { try self.printSample(isAll: false) }
    }

    mutating func end() throws {
        if self.widths == nil { try self.printSample(isAll: true) }
    }

    /// Prints what has come, where nobody knows when the next will.
    mutating func flush() throws {
        if self.widths == nil, !self.sample.isEmpty { try self.printSample(isAll: false) }
    }

    /// - Parameter isAll: nothing comes after it, so that a column that is empty in it can be left out.
    private mutating func printSample(isAll: Bool) throws {
        var widths = Widths()
        for case .frame(_, _, let cells) in self.sample {
            if self.showsSession { widths.session = max(widths.session, cells.session.utf8.count) }
            widths.type = max(widths.type, DisplayWidth.of(cells.type))
            widths.namespace = max(widths.namespace, DisplayWidth.of(cells.namespace))
            widths.name = max(widths.name, DisplayWidth.of(cells.name))
            widths.size = max(widths.size, cells.size.utf8.count)
            widths.flags = max(widths.flags, cells.flags.utf8.count)
        }
        if !isAll {
            widths.namespace = max(1, widths.namespace)
            widths.name = max(Self.usualName, widths.name)
            widths.flags = max(1, widths.flags)
            // A few frames say little about the rest.
            if self.sample.count < Self.sampleSize { widths.type = max(Self.usualType, widths.type) }
        }
        // A column that holds anything has a title to make room for.
        if widths.namespace > 0 { widths.namespace = min(Self.widestName, max(3, widths.namespace)) }
        if widths.name > 0 { widths.name = min(Self.widestName, max(5, widths.name)) }
        if widths.flags > 0 { widths.flags = max(5, widths.flags) }
        if let width = self.terminal.width {
            let fixed = self.clock.width + 2 * Self.gap.count + Self.arrowWidth + Self.transportWidth
            widths.fit(width - fixed)
        }
        self.widths = widths
        for line in self.sample { try self.printLine(line, widths) }
        self.sample = []
    }

    private mutating func printLine(_ line: Line, _ widths: Widths) throws {
        switch line {
        case .frame(let atNs, let time, let cells):
            try self.printHeader(atNs: atNs, widths)
            try self.write(self.text(time, cells, widths) + "\n")
        case .heartbeats(let atNs, let time, let summary):
            try self.printHeader(atNs: atNs, widths)
            var head = DisplayWidth.pad(time, to: self.clock.width)
            if self.showsSession {
                head += Self.gap + DisplayWidth.pad(String(summary.sessionID), to: widths.session, right: true)
            }
            let line = head + Self.gap + Self.text(of: summary, unicode: self.terminal.unicode)
            try self.write(Style.dim(self.fitted(line), on: self.terminal) + "\n")
        }
    }

    /// The titles, before the first line and, where the time of day is shown, at the beginning of another day.
    private mutating func printHeader(atNs: Int64, _ widths: Widths) throws {
        guard self.showsTitles else { return }
        let day = Measures.dayNumber(nanoseconds: atNs)
        guard self.day == nil || (self.clock.style == .absolute && day != self.day) else { return }
        self.day = day
        var columns = [
            DisplayWidth.pad(
                self.clock.title(atNs: atNs), to: self.clock.width, right: self.clock.style != .absolute)
        ]
        if self.showsSession { columns.append(DisplayWidth.pad("#", to: widths.session, right: true)) }
        columns += [
            String(repeating: " ", count: Self.arrowWidth), String(repeating: " ", count: Self.transportWidth),
            DisplayWidth.pad("type", to: widths.type),
        ]
        if widths.namespace > 0 { columns.append(DisplayWidth.pad("nsp", to: widths.namespace)) }
        if widths.name > 0 { columns.append(DisplayWidth.pad("event", to: widths.name)) }
        columns.append(DisplayWidth.pad("bytes", to: widths.size, right: true))
        if widths.flags > 0 { columns.append(DisplayWidth.pad("flags", to: widths.flags)) }
        if widths.showsPayload { columns.append("payload") }
        let line = columns.joined(separator: Self.gap).trimmingTrailingSpaces()
        try self.write(Style.bold(self.fitted(line), on: self.terminal) + "\n")
    }

    private func text(_ time: String, _ cells: FrameCells, _ widths: Widths) -> String {
        // Text columns are cut on a terminal only; in a pipe a long name pushes the rest to the right.
        func column(_ text: String, _ width: Int) -> String {
            let shown =
                self.terminal.width == nil ? text : DisplayWidth.cut(text, to: width, ellipsis: self.terminal.ellipsis)
            return DisplayWidth.pad(shown, to: width)
        }
        var columns = [DisplayWidth.pad(time, to: self.clock.width)]
        if self.showsSession { columns.append(DisplayWidth.pad(cells.session, to: widths.session, right: true)) }
        columns += [cells.arrow, cells.transport, column(cells.type, widths.type)]
        if widths.namespace > 0 { columns.append(column(cells.namespace, widths.namespace)) }
        if widths.name > 0 { columns.append(column(cells.name, widths.name)) }
        columns.append(DisplayWidth.pad(cells.size, to: widths.size, right: true))
        if widths.flags > 0 { columns.append(column(cells.flags, widths.flags)) }

        if widths.showsPayload { columns.append(cells.payload) }
        return self.colored(self.fitted(columns), cells.look)
    }

    /// What fits of a line: the column at the edge is cut, what stands behind it left out.
    private func fitted(_ columns: [String]) -> [String] {
        guard var room = self.terminal.width else { return columns }
        var kept: [String] = []
        for column in columns where room > 0 {
            kept.append(DisplayWidth.cut(column, to: room, ellipsis: self.terminal.ellipsis))
            room -= DisplayWidth.of(column) + Self.gap.count
        }
        return kept
    }

    private func colored(_ columns: [String], _ look: FrameCells.Look) -> String {
        let whole = columns.joined(separator: Self.gap).trimmingTrailingSpaces()
        guard self.terminal.color else { return whole }
        switch look {
        case .quiet: return Style.dim(whole, on: self.terminal)
        case .bad: return Style.red(whole, on: self.terminal)
        case .client, .server:
            var columns = columns
            let arrow = self.showsSession ? 2 : 1
            let style: Style = look == .client ? .cyan : .green
            columns[0] = Style.dim(columns[0], on: self.terminal)
            for index in [arrow, arrow + 2] where index < columns.count {
                columns[index] = style(columns[index], on: self.terminal)
            }
            return columns.joined(separator: Self.gap).trimmingTrailingSpaces()
        }
    }

    private func fitted(_ line: String) -> String {
        self.terminal.width.map { DisplayWidth.cut(line, to: $0, ellipsis: self.terminal.ellipsis) } ?? line
    }

    /// `♥ 12 heartbeats in 5 m 0 s, pong after 0.4–2.1 ms`
    static func text(of summary: HeartbeatFolder.Summary, unicode: Bool) -> String {
        var text = unicode ? "♥ " : "* "
        text += summary.count == 1 ? "1 heartbeat" : "\(summary.count) heartbeats"
        if summary.count > 1 {
            let span = summary.lastNs.subtractingReportingOverflow(summary.firstNs).partialValue
            text += " in " + Lapse.brief(span, unicode: unicode)
        }
        if let fastest = summary.fastestNs, let slowest = summary.slowestNs {
            let (low, high) = (
                Lapse.brief(fastest, unicode: unicode),
                Lapse.brief(slowest, unicode: unicode)
            )
            text += ", pong after "
            // One unit is enough where both have the same.
            let units = (low.split(separator: " ").last, high.split(separator: " ").last)
            let isSimple = low.split(separator: " ").count == 2 && high.split(separator: " ").count == 2
            if low == high {
                text += high
            } else if isSimple, units.0 == units.1, let number = low.split(separator: " ").first {
                text += number + (unicode ? "–" : "-") + high
            } else {
                text += low + (unicode ? " – " : " - ") + high
            }
        }
        return text
    }
}
