import Queries
import Timeline

/// What to ask, wherever it came from.
struct QuerySource: Equatable {
    /// How errors name it: the query, the file or the flag.
    var label: String
    var sql: String
    /// As its header declares them; none where there is no header.
    var parameters: [QueryParameter]

    /// - Parameters:
    ///   - name: a named query, a path that ends in `.sql`, or `-`.
    ///   - sql: SQL itself, in place of a name.
    static func resolve(name: String?, sql: String?) throws -> QuerySource {
        if let sql { return QuerySource(label: "--sql", sql: sql, parameters: []) }
        guard let name else { throw ToolError("query: a name, a file or --sql is needed") }
        if name == "-" || name.hasSuffix(".sql") || name.contains("/") {
            let label = name == "-" ? "standard input" : name
            let text = try TextFile.read(name, label: label, expected: "a file with one SELECT")
            do throws(QueryHeaderError) {
                return QuerySource(label: label, sql: text, parameters: try QueryHeader(of: text).parameters)
            } catch {
                throw ToolError("\(label): \(error)")
            }
        }
        guard let query = Queries.named(name) else {
            throw self.unknown(name)
        }
        return QuerySource(label: "query \(query.name)", sql: query.sql, parameters: query.parameters)
    }

    /// For a name that no query has.
    static func unknown(_ name: String) -> ToolError {
        let near = NearestNames.of(name, among: Queries.all.map(\.name))
        return ToolError(
            "no query is named '\(name)'"
                + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?")
                + " ('sioscope query --list' lists all; a file ends in .sql)")
    }

    /// Runs what reads the SQL; an error of it gets the name of its source.
    func located<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as TimelineError {
            throw ToolError("\(self.label): \(error)")
        }
    }
}
