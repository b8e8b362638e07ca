/// The comment lines at the head of a query, as values.
///
/// ```sql
/// -- title:   Slowest acknowledgements
/// -- param:   :session  INTEGER = NULL  id of a session; all where none is given
/// -- column:  waited_ms  REAL  from the event to its ack
/// SELECT …
/// ```
/// Other comments are passed over; the header ends at the first line that is neither comment nor empty.
public struct QueryHeader: Hashable, Sendable {
    public var title: String?
    public var parameters: [QueryParameter] = []
    public var columns: [QueryColumn] = []

    /// - Throws: a header line that is not written as above. A file without any is fine: everything stays empty.
    public init(of sql: String) throws(QueryHeaderError) {
        for (index, line) in sql.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop(while: \.isWhitespace)
            if line.isEmpty { continue }
            guard line.hasPrefix("--") else { break }
            let comment = line.dropFirst(2).drop(while: \.isWhitespace)
            guard let colon = comment.firstIndex(of: ":") else { continue }
            let rest = String(comment[comment.index(after: colon)...].drop(while: \.isWhitespace))
            switch comment[..<colon] {
            case "title": self.title = Self.trimmed(rest)
            case "param": self.parameters.append(try Self.parameter(rest, line: index + 1))
            case "column": self.columns.append(try Self.column(rest, line: index + 1))
            default: continue
            }
        }
    }

    private static func parameter(_ text: String, line: Int) throws(QueryHeaderError) -> QueryParameter {
        var rest = text[...]
        let name = self.word(&rest)
        guard name.hasPrefix(":"), name.count > 1, let type = QueryParameter.ValueType(rawValue: self.word(&rest))
        else {
            throw QueryHeaderError(line: line, expected: "-- param: :name INTEGER|REAL|TEXT [= default] meaning")
        }
        var standard: QueryParameter.Standard?
        if rest.hasPrefix("=") {
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            standard = self.literal(&rest)
            guard standard != nil else {
                throw QueryHeaderError(line: line, expected: "a number, 'text' or NULL after the =")
            }
        }
        return QueryParameter(
            name: String(name.dropFirst()), type: type, standard: standard, meaning: self.trimmed(String(rest)))
    }

    private static func column(_ text: String, line: Int) throws(QueryHeaderError) -> QueryColumn {
        var rest = text[...]
        let name = self.word(&rest)
        guard !name.isEmpty, let type = QueryColumn.ValueType(rawValue: self.word(&rest)) else {
            throw QueryHeaderError(line: line, expected: "-- column: name INTEGER|REAL|TEXT|BLOB meaning")
        }
        return QueryColumn(name: name, type: type, meaning: self.trimmed(String(rest)))
    }

    /// NULL, a number, or text in single quotes with `''` for a quote.
    private static func literal(_ rest: inout Substring) -> QueryParameter.Standard? {
        guard rest.first == "'" else {
            let word = self.word(&rest)
            if word == "NULL" { return .null }
            if let number = Int64(word) { return .integer(number) }
            return Double(word).map { .real($0) }
        }
        var text = ""
        var tail = rest.dropFirst()
        while let character = tail.popFirst() {
            if character != "'" {
                text.append(character)
            } else if tail.first == "'" {
                tail.removeFirst()
                text.append("'")
            } else {
                rest = tail.drop(while: \.isWhitespace)
                return .text(text)
            }
        }
        return nil
    }

    private static func word(_ rest: inout Substring) -> String {
        let word = rest.prefix { !$0.isWhitespace }
        rest = rest.dropFirst(word.count).drop(while: \.isWhitespace)
        return String(word)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// A line of a header that is not as it has to be.
public struct QueryHeaderError: Error, Hashable, CustomStringConvertible {
    /// From 1.
    public var line: Int
    public var expected: String

    public var description: String { "line \(self.line) of the header: expected \(self.expected)" }
}
