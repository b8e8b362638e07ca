internal import GRDB
internal import GRDBSQLite
internal import struct Foundation.Data

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks a timeline SQL, and never writes to it; also while another process is recording into it.
public struct TimelineReader: Sendable {
    private let path: String
    private let queue: DatabaseQueue

    /// - Throws: `missing`, `directory`, `empty`, `notATimeline`, `newerFormat`, `cannotOpen`, `damaged` and their like.
    public init(path: String) throws(TimelineError) {
        try self.init(path: path, schema: .current)
    }

    /// Whether a file that begins with these bytes, a hundred or more, is a timeline.
    public static func isTimeline(beginning bytes: [UInt8]) -> Bool {
        // The header of an SQLite file: its signature, and the application's id at byte 68.
        guard bytes.count >= 72, bytes.starts(with: Array("SQLite format 3\0".utf8)) else { return false }
        return bytes[68..<72].reduce(0) { $0 << 8 | Int64($1) } == Schema.applicationID
    }

    init(path: String, schema: Schema) throws(TimelineError) {
        let place = FilePlace(path: path)
        guard try place.isTaken(.reading) else { throw .missing(path: path) }
        guard access(path, R_OK) == 0 else { throw TimelineError.noPermission(path) }

        self.path = path
        self.queue = try Self.open(place)
        let (applicationID, format) = try Self.mapping(path) {
            try self.queue.unsafeReentrantRead { database in
                (
                    try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                    try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                )
            }
        }
        try schema.check(applicationID: applicationID, format: format, path: path, .reading)
    }

    /// Runs one query and hands over its rows as they come; never holds more than one of them.
    ///
    /// - Parameters:
    ///   - sql: one SELECT, WITH, VALUES or EXPLAIN; a semicolon and comments around it are fine.
    ///   - parameters: by name without the colon; each one that the query names, and no other.
    ///   - columns: gets the names of the columns, once, before the first row.
    ///   - row: gets the values of each row, in the order of the columns. May ask the reader another query.
    /// - Throws: `TimelineError`, or what `columns` and `row` throw, which ends the query.
    public func query(
        _ sql: String, parameters: [String: TimelineValue] = [:],
        columns: ([String]) throws -> Void = { _ in },
        row: ([TimelineValue]) throws -> Void
    ) throws {
        // Reentrant, so that `row` may ask another query; there is no transaction to mix up in a single statement.
        try self.queue.unsafeReentrantRead { database in
            let statement = try self.prepare(sql, in: database)
            let arguments = try Self.arguments(parameters, for: statement)
            let cursor = try Self.mapping(self.path) { try Row.fetchCursor(statement, arguments: arguments) }
            try columns(statement.columnNames)
            var values: [TimelineValue] = []
            let count = Int32(statement.columnCount)
            while try Self.mapping(self.path, { try cursor.next() != nil }) {
                values.removeAll(keepingCapacity: true)
                for index in 0..<count { values.append(Self.value(statement.sqliteStatement, index)) }
                try row(values)
            }
        }
    }

    /// Runs one query several times over, side by side, and hands over all rows as one list in the order of time: the
    /// next row is always the earliest of those that stand next. Rows of one run keep their order, also where their
    /// clock went back.
    ///
    /// - Parameters:
    ///   - queries: SQL and parameters of each run; all with the same columns.
    ///   - time: the column, an integer, by which the runs are merged. Where it is equal, the earlier run goes first.
    ///   - columns: gets the names of the columns, once, before the first row.
    ///   - row: gets the number of the run and the values of each row; false ends the query.
    /// - Throws: `TimelineError`, or what `columns` and `row` throw, which ends the query.
    public func merge(
        _ queries: [(sql: String, parameters: [String: TimelineValue])], by time: String,
        columns: ([String]) throws -> Void = { _ in },
        row: (_ query: Int, [TimelineValue]) throws -> Bool
    ) throws {
        try self.queue.unsafeReentrantRead { database in
            var runs: [(statement: Statement, cursor: RowCursor)] = []
            for query in queries {
                let statement = try self.prepare(query.sql, in: database)
                let arguments = try Self.arguments(query.parameters, for: statement)
                let cursor = try Self.mapping(self.path) { try Row.fetchCursor(statement, arguments: arguments) }
                runs.append((statement, cursor))
            }
            guard let first = runs.first?.statement else { return }
            try columns(first.columnNames)
            guard let place = first.columnNames.firstIndex(of: time).map({ Int32($0) }) else { return }

            // Only the time of a row is taken before its turn: of what a payload holds, one at a time is in memory.
            func advance(_ run: Int) throws(TimelineError) -> Int64? {
                guard try Self.mapping(self.path, { try runs[run].cursor.next() != nil }) else { return nil }
                return sqlite3_column_int64(runs[run].statement.sqliteStatement, place)
            }
            var next = EarliestFirst()
            for run in runs.indices {
                if let time = try advance(run) { next.insert(time, run) }
            }
            var values: [TimelineValue] = []
            let count = Int32(first.columnCount)
            while let run = next.first {
                values.removeAll(keepingCapacity: true)
                for index in 0..<count { values.append(Self.value(runs[run].statement.sqliteStatement, index)) }
                guard try row(run, values) else { return }
                next.replaceFirst(try advance(run))
            }
        }
    }

    /// Everything that `body` reads is of one moment, whatever another process records meanwhile.
    public func snapshot<T>(_ body: () throws -> T) throws -> T {
        try self.withSnapshot { _, _ in try body() }
    }

    /// Runs `body` on the connection itself, in a read transaction: it sees the file as it is at its first read.
    func withSnapshot<T>(_ body: (OpaquePointer, _ path: String) throws -> T) throws -> T {
        try self.queue.unsafeReentrantRead { database in
            guard let handle = database.sqliteConnection else {
                throw TimelineError.cannotOpen(path: self.path, reason: "its connection is closed")
            }
            // One within another sees what that one sees.
            guard !database.isInsideTransaction else { return try body(handle, self.path) }
            try Self.mapping(self.path) { try database.execute(sql: "BEGIN") }
            // It has written nothing, so how it ends makes no difference.
            defer { try? database.execute(sql: "COMMIT") }
            return try body(handle, self.path)
        }
    }

    /// The names of the query's parameters without their colons, in the order they first appear.
    public func parameterNames(of sql: String) throws -> [String] {
        try self.queue.unsafeReentrantRead { database in
            try Self.parameterNames(try self.prepare(sql, in: database))
        }
    }

    // MARK: Opening

    private static func open(_ place: FilePlace) throws(TimelineError) -> DatabaseQueue {
        do {
            return try DatabaseQueue(path: place.forSQLite, configuration: Self.configuration)
        } catch let error as DatabaseError where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) {
            // In WAL mode SQLite needs two files beside the database, and cannot make them in a read-only folder.
            guard access(place.folder, W_OK) != 0 else {
                throw Self.error(error, place.path)
            }
            var log = stat()
            if stat(place.path + "-wal", &log) == 0, log.st_size > 0 {
                throw .cannotOpen(
                    path: place.path,
                    reason: "its last rows stand in \(place.path)-wal, and its folder is read-only; "
                        + "copy both files to a folder that can be written")
            }
            // Nothing stands beside it, and nobody can be writing to it: it may be read as it is.
            return try Self.mapping(place.path) {
                try DatabaseQueue(path: place.immutableURI, configuration: Self.configuration)
            }
        } catch {
            throw Self.error(error, place.path)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = 1") }
        return configuration
    }

    // MARK: Statements

    private func prepare(_ sql: String, in database: Database) throws -> Statement {
        if let refusal = ReadOnlySQL(sql).refusal { throw refusal }
        let statement: Statement
        do {
            statement = try database.makeStatement(sql: sql)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
            throw TimelineError.refused(
                statement: "SQL", reason: "there are several statements in it; give one at a time")
        } catch let error as DatabaseError {
            let offset = database.sqliteConnection.map(sqlite3_error_offset) ?? -1
            throw Self.error(error, self.path, offset: offset)
        }
        guard statement.isReadonly else {
            throw TimelineError.refused(
                statement: "SQL", reason: "it would change the timeline, which is only read here; use a plain SELECT")
        }
        return statement
    }

    private static func parameterNames(_ statement: Statement) throws(TimelineError) -> [String] {
        var names: [String] = []
        for index in 0..<sqlite3_bind_parameter_count(statement.sqliteStatement) {
            let name = sqlite3_bind_parameter_name(statement.sqliteStatement, index + 1).map(String.init(cString:))
            guard let name, name.hasPrefix(":") else {
                throw .refused(
                    statement: "parameter \(name ?? "?")", reason: "parameters are bound by name; write it as :name")
            }
            names.append(String(name.dropFirst()))
        }
        return names
    }

    private static func arguments(
        _ parameters: [String: TimelineValue], for statement: Statement
    ) throws(TimelineError) -> StatementArguments {
        let names = try Self.parameterNames(statement)
        if let missing = names.first(where: { parameters[$0] == nil }) { throw .missingParameter(name: missing) }
        if let unknown = parameters.keys.sorted().first(where: { !names.contains($0) }) {
            throw .unknownParameter(name: unknown, known: names)
        }
        return StatementArguments(parameters.map { ($0.key, $0.value.forDatabase) })
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> TimelineValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let blob = sqlite3_column_blob(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return .blob(Array(UnsafeRawBufferPointer(start: blob, count: count)))
        default: return .null
        }
    }

    // MARK: Errors

    private static func mapping<T>(_ path: String, _ body: () throws -> T) throws(TimelineError) -> T {
        do {
            return try body()
        } catch {
            throw Self.error(error, path)
        }
    }

    private static func error(_ error: any Error, _ path: String, offset: Int32 = -1) -> TimelineError {
        guard let error = error as? DatabaseError else {
            return error as? TimelineError ?? .damaged(path: path, message: "\(error)")
        }
        return TimelineError(
            sqlite: error.extendedResultCode.rawValue, message: error.message ?? "\(error.resultCode)", path: path,
            purpose: .reading, offset: offset)
    }
}

extension TimelineValue {
    fileprivate var forDatabase: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let value): Data(value).databaseValue
        }
    }
}
