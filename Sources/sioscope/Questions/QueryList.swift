import Queries
import Timeline

/// What `sioscope query --list` prints.
enum QueryList {
    static let columns = ["name", "title", "parameters", "columns"]

    static func print(
        _ queries: [NamedQuery], _ format: OutputFormat, on terminal: Terminal, with printer: any RowPrinter
    ) throws {
        if format == .table {
            for query in queries { try StandardOutput.shared.write(self.entry(query, on: terminal)) }
            return
        }
        var printer = printer
        try printer.begin(columns: self.columns)
        for query in queries {
            let texts = [
                query.name, query.title, query.parameters.map(self.usage).joined(separator: " "),
                query.columns.map(\.name).joined(separator: ","),
            ]
            try printer.print(row: texts.map { .text($0) })
        }
        try printer.end()
    }

    /// Name and title, then columns and parameters, each wrapped and indented.
    static func entry(_ query: NamedQuery, on terminal: Terminal) -> String {
        var text = Style.bold(query.name, on: terminal) + "\n"
        let title = Wrapping.lines(query.title, width: terminal.width ?? .max, first: "    ", rest: "    ")
        text += title.joined(separator: "\n") + "\n"
        text += self.wrapped("gives ", query.columns.map(\.name), separator: ", ", on: terminal)
        if !query.parameters.isEmpty {
            text += self.wrapped("takes ", query.parameters.map(self.usage), separator: "  ", on: terminal)
        }
        return text
    }

    /// `-p limit=20`: with its default; `-p event=…` where a value is needed, `[-p session=…]` where none is.
    static func usage(_ parameter: QueryParameter) -> String {
        switch parameter.standard {
        case nil: "-p \(parameter.name)=…"
        case .null: "[-p \(parameter.name)=…]"
        case .integer(let number): "[-p \(parameter.name)=\(number)]"
        case .real(let number): "[-p \(parameter.name)=\(number)]"
        case .text(let text): "[-p \(parameter.name)=\(text)]"
        }
    }

    private static func wrapped(
        _ label: String, _ items: [String], separator: String, on terminal: Terminal
    ) -> String {
        let width = terminal.width ?? .max
        var lines: [String] = []
        var line = "    " + label
        for (index, item) in items.enumerated() {
            let piece = item + (index + 1 < items.count ? separator : "")
            if DisplayWidth.of(line + piece.trimmingTrailingSpaces()) > width, line.utf8.count > 10 {
                lines.append(line)
                line = String(repeating: " ", count: 4 + label.count)
            }
            line += piece
        }
        lines.append(line)
        return lines.map { Style.dim($0.trimmingTrailingSpaces(), on: terminal) + "\n" }.joined()
    }
}
