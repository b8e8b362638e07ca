import Glibc
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
            let text = try self.read(name, label: label)
            do throws(QueryHeaderError) {
                return QuerySource(label: label, sql: text, parameters: try QueryHeader(of: text).parameters)
            } catch {
                throw ToolError("\(label): \(error)")
            }
        }
        guard let query = Queries.named(name) else {
            let near = NearestNames.of(name, among: Queries.all.map(\.name))
            throw ToolError(
                "no query is named '\(name)'"
                    + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?")
                    + " ('sioscope query --list' lists all; a file ends in .sql)")
        }
        return QuerySource(label: "query \(query.name)", sql: query.sql, parameters: query.parameters)
    }

    /// Runs what reads the SQL; an error of it gets the name of its source.
    func located<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as TimelineError {
            throw ToolError("\(self.label): \(error)")
        }
    }

    /// A query is text of a few kilobytes; anything much bigger is another kind of file.
    private static let maximumSize = 1 << 20

    private static func read(_ path: String, label: String) throws -> String {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ToolError("\(label): \(String(cString: strerror(errno)))") }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ToolError("\(label): \(String(cString: strerror(errno)))") }
            bytes += piece[..<count]
            guard bytes.count <= Self.maximumSize else {
                throw ToolError("\(label): more than 1 MiB; expected a file with one SELECT")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ToolError("\(label): no UTF-8 text; expected a file with one SELECT")
        }
        return text
    }
}
