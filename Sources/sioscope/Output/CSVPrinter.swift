import JSONText
import Timeline

/// Comma-separated values (RFC 4180) with a header line; lines end with CR LF as the RFC has it.
///
/// NULL is an empty field, an empty text is `""`.
struct CSVPrinter: RowPrinter {
    private let write: (String) throws -> Void
    /// On a terminal controls are shown, not obeyed; in a file data stays what it is.
    private let escaping: Bool

    init(escaping: Bool, _ write: @escaping (String) throws -> Void) {
        self.escaping = escaping
        self.write = write
    }

    mutating func begin(columns: [String]) throws {
        try self.line(columns.map { .text($0) })
    }

    mutating func print(row: [TimelineValue]) throws {
        try self.line(row)
    }

    mutating func end() {}

    private func line(_ fields: [TimelineValue]) throws {
        try self.write(fields.map(self.field).joined(separator: ",") + "\r\n")
    }

    private func field(_ value: TimelineValue) -> String {
        switch value {
        case .null: return ""
        case .integer(let number): return String(number)
        case .real(let number): return number.description
        case .blob(let bytes): return Base64.encode(bytes.span)
        case .text(let text):
            let text = self.escaping ? Escaping.visible(text) : text
            let needsQuotes =
                text.isEmpty || text.utf8.contains { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }
            guard needsQuotes else { return text }
            var quoted = "\""
            for scalar in text.unicodeScalars {
                if scalar == "\"" { quoted += "\"" }
                quoted.unicodeScalars.append(scalar)
            }
            return quoted + "\""
        }
    }
}
