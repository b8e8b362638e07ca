/// Looks at a text of SQL before SQLite gets it, to tell what is no query: SQLite counts ATTACH, BEGIN and some pragmas
/// among the statements that only read.
public struct ReadOnlySQL: Sendable {
    /// Its first word in capitals; empty where there is none.
    let firstWord: String
    /// Nothing but white space and comments.
    public let isBlank: Bool

    private static let queries: Set<String> = ["SELECT", "WITH", "VALUES", "EXPLAIN"]

    public init(_ sql: String) {
        let bytes = Array(sql.utf8)
        let start = Self.skipBlank(bytes)
        self.isBlank = start == bytes.count
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte & 0xDF) || byte == UInt8(ascii: "_") }
        self.firstWord = String(decoding: bytes[start...].prefix(while: isLetter), as: UTF8.self).uppercased()
    }

    /// Why it may not run; nil where it may.
    var refusal: TimelineError? {
        if self.firstWord.isEmpty {
            return .refused(statement: "SQL", reason: "there is no query in it; begin with SELECT, WITH or VALUES")
        }
        guard Self.queries.contains(self.firstWord) else {
            var reason = "a timeline is only read here; use SELECT, WITH, VALUES or EXPLAIN"
            if self.firstWord == "PRAGMA" { reason += " (as in SELECT * FROM pragma_table_info('frames'))" }
            return .refused(statement: self.firstWord, reason: reason)
        }
        return nil
    }

    /// The offset of the first byte that is no white space, comment, semicolon or byte order mark.
    private static func skipBlank(_ bytes: [UInt8]) -> Int {
        var index = 0
        while index < bytes.count {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch bytes[index] {
            case 0x09...0x0D, 0x20, UInt8(ascii: ";"):
                index += 1
            case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
                while index < bytes.count, bytes[index] != 0x0A { index += 1 }
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
                index += 2
                while index < bytes.count, !bytes[index...].starts(with: Array("*/".utf8)) { index += 1 }
                index = min(index + 2, bytes.count)
            case 0xEF where bytes[index...].starts(with: [0xEF, 0xBB, 0xBF]):
                index += 3
            default:
                return index
            }
        }
        return index
    }
}
