import JSONText
import Timeline

/// One JSON array of objects, written row by row.
struct JSONPrinter: RowPrinter {
    private let write: (String) throws -> Void
    private var keys: [String] = []
    private var isFirst = true

    init(_ write: @escaping (String) throws -> Void) {
        self.write = write
    }

    mutating func begin(columns: [String]) {
        self.keys = JSONRow.keys(columns)
    }

    mutating func print(row: [TimelineValue]) throws {
        try self.write((self.isFirst ? "[" : ",\n ") + JSONRow.object(self.keys, row))
        self.isFirst = false
    }

    mutating func end() throws {
        try self.write(self.isFirst ? "[]\n" : "]\n")
    }
}

/// One JSON object a line (JSON Lines).
struct JSONLinesPrinter: RowPrinter {
    private let write: (String) throws -> Void
    private var keys: [String] = []

    init(_ write: @escaping (String) throws -> Void) {
        self.write = write
    }

    mutating func begin(columns: [String]) {
        self.keys = JSONRow.keys(columns)
    }

    mutating func print(row: [TimelineValue]) throws {
        try self.write(JSONRow.object(self.keys, row) + "\n")
    }

    mutating func end() {}
}

/// A row as a JSON object (RFC 8259), its keys in the order of the columns.
enum JSONRow {
    /// Column names as JSON strings; a name that comes again gets a number, so that no value is lost.
    static func keys(_ columns: [String]) -> [String] {
        var seen: Set<String> = []
        return columns.map { column in
            var name = column
            var number = 2
            while !seen.insert(name).inserted {
                name = "\(column)_\(number)"
                number += 1
            }
            return self.string(name)
        }
    }

    static func object(_ keys: [String], _ row: [TimelineValue]) -> String {
        var text = "{"
        for (key, value) in zip(keys, row) {
            if text.utf8.count > 1 { text += "," }
            text += key
            text += ":"
            text += self.value(value)
        }
        return text + "}"
    }

    /// A BLOB is base64 text; a REAL that JSON cannot say (infinite) is null.
    static func value(_ value: TimelineValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): String(number)
        case .real(let number): number.isFinite ? number.description : "null"
        case .text(let text): self.string(text)
        case .blob(let bytes): "\"\(Base64.encode(bytes.span))\""
        }
    }

    /// Quoted; controls escaped, also DEL and C1, which JSON allows but a terminal obeys.
    static func string(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
        if plain { return "\"\(text)\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if Escaping.isUnsafe(scalar), scalar.value < 0x10000 {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
