import Foundation
import GRDBSQLite

/// The least an import can cost: the rows it makes, finished and in memory, put into an equal file by a plain loop over
/// the sqlite3 C API; same schema, same indexes, same settings, nothing decoded.
struct FloorBenchmark {
    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private enum Value {
        case null
        case integer(Int64)
        case text([CChar], Int32)
        case blob([UInt8])
    }

    let timeline: String
    let output: String

    /// Seconds of the loop, the indexes and the commit.
    func run() throws -> Double {
        unlink(self.output)
        let source = try Self.open(self.timeline)
        defer { sqlite3_close(source) }
        let target = try Self.open(self.output)
        defer { sqlite3_close(target) }
        let settings = ["page_size", "cache_size"].map { name -> String in
            "PRAGMA \(name) = \(Self.scalar("PRAGMA \(name)", source))"
        }
        try Self.execute(
            settings + [
                "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA secure_delete = OFF",
                "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA temp_store = MEMORY",
            ], target)
        let tables = try Self.texts("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL", source)
        let indexes = try Self.texts("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL", source)
        try Self.execute(tables, target)
        let names = ["captures", "connections", "sessions", "exchanges", "anomalies", "frames"]
        let rows = try names.map { try Self.rows("SELECT * FROM \($0)", source) }
        return try Timing.measure {
            try Self.execute(["BEGIN"], target)
            for (name, rows) in zip(names, rows) { try Self.insert(rows, into: name, target) }
            try Self.execute(indexes + ["COMMIT"], target)
            return rows.reduce(0) { $0 + $1.count }
        }.seconds
    }

    private static func insert(_ rows: [[Value]], into table: String, _ database: OpaquePointer) throws {
        guard let columns = rows.first?.count else { return }
        let marks = Array(repeating: "?", count: columns).joined(separator: ",")
        let statement = try self.prepare("INSERT INTO \(table) VALUES (\(marks))", database)
        defer { sqlite3_finalize(statement) }
        for row in rows {
            for (index, value) in row.enumerated() {
                let column = Int32(index + 1)
                switch value {
                case .null: sqlite3_bind_null(statement, column)
                case .integer(let number): sqlite3_bind_int64(statement, column, number)
                // The arrays live in `rows` until the loop ends, so SQLite need not copy (SQLITE_STATIC).
                case .text(let text, let count):
                    text.withUnsafeBufferPointer {
                        _ = sqlite3_bind_text(statement, column, $0.baseAddress, count, nil)
                    }
                case .blob(let bytes):
                    bytes.withUnsafeBytes {
                        _ = sqlite3_bind_blob(statement, column, $0.baseAddress, Int32($0.count), nil)
                    }
                }
            }
            guard sqlite3_step(statement) == SQLITE_DONE else { throw Failure(description: "insert into \(table)") }
            sqlite3_reset(statement)
        }
    }

    private static func rows(_ sql: String, _ database: OpaquePointer) throws -> [[Value]] {
        let statement = try self.prepare(sql, database)
        defer { sqlite3_finalize(statement) }
        var rows: [[Value]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(
                (0..<sqlite3_column_count(statement)).map { column in
                    switch sqlite3_column_type(statement, column) {
                    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
                    case SQLITE_TEXT:
                        let count = sqlite3_column_bytes(statement, column)
                        let text = UnsafeRawBufferPointer(
                            start: sqlite3_column_text(statement, column), count: Int(count) + 1)
                        return .text(text.map { CChar(bitPattern: $0) }, count)
                    case SQLITE_BLOB:
                        let count = Int(sqlite3_column_bytes(statement, column))
                        return .blob(
                            Array(UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count)))
                    default: return .null
                    }
                })
        }
        return rows
    }

    private static func texts(_ sql: String, _ database: OpaquePointer) throws -> [String] {
        try self.rows(sql, database).compactMap { row in
            guard case .text(let text, let count)? = row.first else { return nil }
            return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func scalar(_ sql: String, _ database: OpaquePointer) -> Int64 {
        if case .integer(let value)? = (try? self.rows(sql, database))?.first?.first { value } else { 0 }
    }

    private static func open(_ path: String) throws -> OpaquePointer {
        var database: OpaquePointer?
        guard sqlite3_open(path, &database) == SQLITE_OK, let database else {
            throw Failure(description: "open \(path)")
        }
        return database
    }

    private static func prepare(_ sql: String, _ database: OpaquePointer) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(database)))")
        }
        return statement
    }

    private static func execute(_ statements: [String], _ database: OpaquePointer) throws {
        for sql in statements where sqlite3_exec(database, sql, nil, nil, nil) != SQLITE_OK {
            throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(database)))")
        }
    }
}
