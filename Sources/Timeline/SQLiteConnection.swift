internal import GRDBSQLite

/// A connection for writing, used by one thread at a time. Closes on deinit, which rolls back an open transaction.
final class SQLiteConnection {
    /// As errors name the file: where a new one will stand, not where it is being written.
    let path: String
    let handle: OpaquePointer
    private var isClosed = false

    /// How long to wait for another process's write to end, in milliseconds.
    static let patience: Int32 = 5_000

    /// Opens what stands at the path.
    convenience init(_ place: FilePlace) throws(TimelineError) {
        try self.init(file: place.forSQLite, flags: 0, path: place.path)
    }

    /// Makes a new file under its temporary name.
    convenience init(creating file: NewFile) throws(TimelineError) {
        let place = FilePlace(path: file.temporaryPath)
        try file.create()
        try self.init(file: place.forSQLite, flags: SQLITE_OPEN_CREATE, path: file.place.path)
    }

    private init(file: String, flags: Int32, path: String) throws(TimelineError) {
        // One thread at a time by contract, so SQLite's own mutexes would only cost.
        let flags = flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(file, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = TimelineError(
                sqlite: code, systemError: handle.map(sqlite3_system_errno) ?? 0,
                message: String(cString: sqlite3_errstr(code)), path: path, purpose: .writing)
            sqlite3_close(handle)
            throw error
        }
        self.path = path
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Self.patience)
    }

    deinit {
        self.close()
    }

    /// Closes the file now, whatever still refers to this value; only statements may still be finalized after it.
    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        sqlite3_close_v2(self.handle)
    }

    /// The error that the last call left behind.
    func error(_ code: Int32) -> TimelineError {
        TimelineError(
            sqlite: code, systemError: sqlite3_system_errno(self.handle),
            message: String(cString: sqlite3_errmsg(self.handle)), path: self.path, purpose: .writing)
    }

    /// Runs all statements of the text; rows are passed over.
    func execute(_ sql: String) throws(TimelineError) {
        let code = sqlite3_exec(self.handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw self.error(code) }
    }

    /// The one number that the statement gives, such as a pragma's.
    func integer(_ sql: String) throws(TimelineError) -> Int64 {
        let statement = try SQLiteStatement(self, sql)
        return try statement.integers(1)[0]
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(sqlite3_changes(self.handle)) }

    /// True where the file could be opened for reading only.
    var isReadOnly: Bool {
        sqlite3_db_readonly(self.handle, "main") == 1
    }
}
