import ArgumentParser
import Timeline

/// How rows are printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, jsonl, csv
}

/// The options of every command that prints rows.
struct OutputOptions: ParsableArguments {
    @Option(help: "How to print: a table, json (one array), jsonl (an object a line) or csv; BLOBs as base64.")
    var format: OutputFormat = .table

    /// A printer to standard output in the chosen format.
    func printer() -> any RowPrinter {
        RowPrinters.make(self.format, on: .current(), to: StandardOutput.shared.write)
    }
}

/// Rows in, text out, one row at a time.
protocol RowPrinter {
    /// Comes once, before the rows.
    mutating func begin(columns: [String]) throws
    /// As many values as there are columns.
    mutating func print(row: [TimelineValue]) throws
    /// Comes once, after the rows, also when there was none.
    mutating func end() throws
}

enum RowPrinters {
    static func make(
        _ format: OutputFormat, on terminal: Terminal, to write: @escaping (String) throws -> Void
    ) -> any RowPrinter {
        switch format {
        case .table: TablePrinter(on: terminal, to: write)
        case .json: JSONPrinter(write)
        case .jsonl: JSONLinesPrinter(write)
        case .csv: CSVPrinter(escaping: terminal.width != nil, write)
        }
    }
}

extension RowPrinter {
    /// Prints all a query gives.
    mutating func print(
        _ sql: String, parameters: [String: TimelineValue] = [:], from timeline: TimelineReader
    ) throws {
        try timeline.query(
            sql, parameters: parameters,
            columns: { try self.begin(columns: $0) },
            row: { try self.print(row: $0) })
        try self.end()
    }
}
