import Timeline

/// A table for people: columns aligned, numbers to the right, a header in bold.
///
/// Rows stream: widths come from the first rows alone. On a terminal a cell that is longer is cut with `…`, and
/// columns give way until the row fits; in a pipe everything is whole.
struct TablePrinter: RowPrinter {
    /// What gives way where a terminal is too narrow.
    enum Overflow {
        /// Columns of text shrink, the widest first; then titles are cut. What even so does not fit is left out from the
        /// end, and a column of `…` says so.
        case shrinkWidest
        /// The last column is cut, then left out: for tables whose columns stand in the order of importance.
        case dropLast
    }

    /// Rows that are looked at before the first is printed.
    static let sampleSize = 200
    /// In a pipe no column is padded further than this: one huge cell must not blow up every line.
    static let widestPadding = 60
    /// No text column is cut to less than this, or than its header.
    static let narrowest = 6
    private static let gap = "  "

    private struct Column {
        var name: String
        var width: Int
        /// What its cells need.
        var content = 0
        var isNumber: Bool
        var decimals: Int
    }

    private let terminal: Terminal
    private let overflow: Overflow
    private let write: (String) throws -> Void
    private var columns: [Column] = []
    private var sample: [[TimelineValue]] = []
    private var isMeasured = false
    /// Columns were left out.
    private var isCut = false

    init(
        on terminal: Terminal, overflow: Overflow = .shrinkWidest, to write: @escaping (String) throws -> Void
    ) {
        self.terminal = terminal
        self.overflow = overflow
        self.write = write
    }

    mutating func begin(columns: [String]) {
        self.columns = columns.map {
            Column(name: Escaping.visible($0), width: 0, isNumber: false, decimals: 0)
        }
    }

    mutating func print(row: [TimelineValue]) throws {
        if self.isMeasured { return try self.printLine(row) }
        self.sample.append(row)
        if self.sample.count >= Self.sampleSize { try self.printSample() }
    }

    mutating func end() throws {
        if !self.isMeasured, !self.sample.isEmpty { try self.printSample() }
    }

    private mutating func printSample() throws {
        self.measure()
        self.isMeasured = true
        let header = self.line(self.columns.map(\.name), isHeader: true).trimmingTrailingSpaces()
        try self.write(Style.bold(header, on: self.terminal) + "\n")
        for row in self.sample { try self.printLine(row) }
        self.sample = []
    }

    private mutating func measure() {
        for index in self.columns.indices {
            let values = self.sample.map { $0[index] }
            let isNumber = values.contains { $0 != .null } && values.allSatisfy(\.isNumberOrNull)
            let decimals = values.lazy.map(TableCell.decimals).max() ?? 0
            let widest = values.lazy.map { DisplayWidth.of(TableCell.text($0, decimals: decimals)) }.max() ?? 0
            self.columns[index].isNumber = isNumber
            self.columns[index].decimals = decimals
            self.columns[index].content = widest
            self.columns[index].width = max(DisplayWidth.of(self.columns[index].name), widest)
        }
        guard let width = self.terminal.width else {
            for index in self.columns.indices {
                self.columns[index].width = min(self.columns[index].width, Self.widestPadding)
            }
            return
        }
        // A huge cell must not cost a step for each of its characters.
        for index in self.columns.indices where !self.columns[index].isNumber {
            self.columns[index].width = min(self.columns[index].width, width)
        }
        switch self.overflow {
        case .shrinkWidest:
            self.shrink(to: width, least: Self.least)
            self.shrink(to: width) { max(1, $0.isNumber ? $0.content : min($0.content, Self.narrowest)) }
            self.leaveOut(to: width)
        case .dropLast: self.drop(to: width)
        }
    }

    private var totalWidth: Int {
        self.columns.reduce(0) { $0 + $1.width } + Self.gap.count * (self.columns.count - 1)
    }

    private static func least(_ column: Column) -> Int {
        column.isNumber ? column.width : min(column.width, max(self.narrowest, DisplayWidth.of(column.name)))
    }

    /// Takes room from the widest column, one terminal column at a time, until the row fits or each is at its least.
    private mutating func shrink(to width: Int, least: (Column) -> Int) {
        for _ in 0..<max(0, self.totalWidth - width) {
            let candidates = self.columns.indices.filter { self.columns[$0].width > least(self.columns[$0]) }
            guard let widest = candidates.max(by: { self.columns[$0].width < self.columns[$1].width }) else { return }
            self.columns[widest].width -= 1
        }
    }

    private mutating func leaveOut(to width: Int) {
        guard self.totalWidth > width else { return }
        self.isCut = true
        while self.totalWidth + Self.gap.count + 1 > width, self.columns.count > 1 { self.columns.removeLast() }
    }

    /// Cuts the last column, or leaves it out where too little of it would be seen.
    private mutating func drop(to width: Int) {
        while self.totalWidth > width, let last = self.columns.last, self.columns.count > 1 {
            let room = last.width - (self.totalWidth - width)
            if room >= Self.least(last) {
                self.columns[self.columns.count - 1].width = room
            } else {
                self.columns.removeLast()
            }
        }
    }

    private func printLine(_ row: [TimelineValue]) throws {
        let cells = zip(row, self.columns).map { TableCell.text($0, decimals: $1.decimals) }
        try self.write(self.line(cells).trimmingTrailingSpaces() + "\n")
    }

    private func line(_ cells: [String], isHeader: Bool = false) -> String {
        var line = ""
        for (index, (column, cell)) in zip(self.columns, cells).enumerated() {
            if index > 0 { line += Self.gap }
            // A number that is cut is another number.
            let shown =
                self.terminal.width != nil && (isHeader || !column.isNumber)
                ? DisplayWidth.cut(cell, to: column.width, ellipsis: self.terminal.ellipsis) : cell
            line += DisplayWidth.pad(shown, to: column.width, right: column.isNumber)
        }
        if self.isCut { line += Self.gap + self.terminal.ellipsis }
        // The first rows told the widths: a later number may be wider than its column.
        return self.terminal.width.map {
            DisplayWidth.cut(line.trimmingTrailingSpaces(), to: $0, ellipsis: self.terminal.ellipsis)
        } ?? line
    }
}

extension TimelineValue {
    fileprivate var isNumberOrNull: Bool {
        switch self {
        case .null, .integer, .real: true
        case .text, .blob: false
        }
    }
}

extension String {
    /// Without the padding of a last column.
    func trimmingTrailingSpaces() -> String {
        let kept = self.utf8.reversed().drop { $0 == 0x20 }.count
        return String(self.prefix(upTo: self.utf8.index(self.utf8.startIndex, offsetBy: kept)))
    }
}
