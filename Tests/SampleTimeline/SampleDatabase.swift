public import Foundation
import GRDBSQLite

/// An SQLite database with the timeline's own schema and the sample's rows, in memory or in a file; just enough of the
/// C API to run a query.
public final class SampleDatabase {
    public enum Value: Hashable, Sendable, CustomStringConvertible {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
        case blob([UInt8])

        public var description: String {
            switch self {
            case .null: "-"
            case .integer(let value): String(value)
            // Times are differences of nanoseconds: three decimals of a millisecond say it all.
            case .real(let value): String(format: "%.3f", value)
            case .text(let value): value
            case .blob(let value): "blob(\(value.count))"
            }
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private var handle: OpaquePointer?

    public init(path: String = ":memory:") throws {
        guard sqlite3_open(path, &self.handle) == SQLITE_OK else { throw self.failure }
        let schema = Self.packageRoot.appendingPathComponent("Sources/Timeline/Schema")
        for file in ["v1-tables.sql", "v1-views.sql", "v1-early-indexes.sql", "v1-indexes.sql"] {
            try self.execute(String(contentsOf: schema.appendingPathComponent(file), encoding: .utf8))
        }
        try self.execute("PRAGMA application_id = 0x53494F53; PRAGMA user_version = 1")
        try self.execute(SampleTimeline.sql)
    }

    /// Another database as it is, to be changed.
    public init(changing path: String) throws {
        guard sqlite3_open_v2(path, &self.handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else { throw self.failure }
    }

    deinit { sqlite3_close(self.handle) }

    /// The package's folder, found from this file.
    public static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    public func execute(_ sql: String) throws {
        guard sqlite3_exec(self.handle, sql, nil, nil, nil) == SQLITE_OK else { throw self.failure }
    }

    /// - Parameter parameters: without colons; every one of the statement is bound.
    public func query(_ sql: String, _ parameters: [String: Value]) throws -> (columns: [String], rows: [[Value]]) {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(self.handle, sql, -1, &statement, nil) == SQLITE_OK else { throw self.failure }
        defer { sqlite3_finalize(statement) }
        for index in 0..<sqlite3_bind_parameter_count(statement) {
            let name = String(String(cString: sqlite3_bind_parameter_name(statement, index + 1)).dropFirst())
            guard let value = parameters[name] else { throw Failure(description: "parameter \(name) has no value") }
            switch value {
            case .null: sqlite3_bind_null(statement, index + 1)
            case .integer(let number): sqlite3_bind_int64(statement, index + 1, number)
            case .real(let number): sqlite3_bind_double(statement, index + 1, number)
            case .text(let text):
                // SQLite makes its own copy: SQLITE_TRANSIENT is a cast that is not imported.
                let copies = unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)
                sqlite3_bind_text(statement, index + 1, text, -1, copies)
            case .blob: throw Failure(description: "no query takes a BLOB")
            }
        }
        let count = sqlite3_column_count(statement)
        var rows: [[Value]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: rows.append((0..<count).map { Self.value(statement, $0) })
            case SQLITE_DONE: return ((0..<count).map { String(cString: sqlite3_column_name(statement, $0)) }, rows)
            default: throw self.failure
            }
        }
    }

    private static func value(_ statement: OpaquePointer?, _ column: Int32) -> Value {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT: .text(String(cString: sqlite3_column_text(statement, column)))
        case SQLITE_BLOB:
            .blob(
                Array(
                    UnsafeRawBufferPointer(
                        start: sqlite3_column_blob(statement, column),
                        count: Int(sqlite3_column_bytes(statement, column)))))
        default: .null
        }
    }

    private var failure: Failure { Failure(description: String(cString: sqlite3_errmsg(self.handle))) }
}
