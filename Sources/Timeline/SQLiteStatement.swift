internal import GRDBSQLite
internal import TimelineModel

/// A prepared statement whose parameters are bound one after the other, in the order of its SQL. For the tables that
/// get few rows; frames have their own way (`FrameInsert`).
final class SQLiteStatement {
    let handle: OpaquePointer
    private let connection: SQLiteConnection
    private var next: Int32 = 1
    /// The first failure of a bind since the last run (a text beyond SQLite's limit): the row must not be written.
    private var failure = SQLITE_OK

    /// As in sqlite3.h: SQLite copies the bytes at once.
    static var transient: sqlite3_destructor_type {
        unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)
    }

    init(_ connection: SQLiteConnection, _ sql: String) throws(TimelineError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw connection.error(code) }
        self.handle = handle
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(self.handle)
    }

    func add(_ value: Int64?) {
        if let value {
            self.added(sqlite3_bind_int64(self.handle, self.next, value))
        } else {
            self.added(sqlite3_bind_null(self.handle, self.next))
        }
    }

    private func added(_ code: Int32) {
        if self.failure == SQLITE_OK { self.failure = code }
        self.next += 1
    }

    func add(_ value: Int?) {
        self.add(value.map(Int64.init))
    }

    func add(_ value: Bool) {
        self.add(value ? 1 as Int64 : 0)
    }

    func add(_ value: Timestamp?) {
        self.add(value?.nanoseconds)
    }

    func add(_ value: String?) {
        guard var value else { return self.added(sqlite3_bind_null(self.handle, self.next)) }
        let code = value.withUTF8 { text in
            // A nil pointer would be NULL; an empty text is none.
            let bytes = UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(to: CChar.self)
            return sqlite3_bind_text64(
                self.handle, self.next, bytes ?? Word.empty.bytes, UInt64(text.count), Self.transient,
                UInt8(SQLITE_UTF8))
        }
        self.added(code)
    }

    func add(_ value: (some RawRepresentable<String>)?) {
        self.add(value?.rawValue)
    }

    /// Runs the statement with what was added since the last time.
    func run() throws(TimelineError) {
        let code = self.failure == SQLITE_OK ? sqlite3_step(self.handle) : self.failure
        sqlite3_reset(self.handle)
        self.next = 1
        self.failure = SQLITE_OK
        if code != SQLITE_DONE, code != SQLITE_ROW { throw self.connection.error(code) }
    }

    /// The first `count` columns of its first row.
    func integers(_ count: Int32) throws(TimelineError) -> [Int64] {
        let code = sqlite3_step(self.handle)
        defer { sqlite3_reset(self.handle) }
        guard code == SQLITE_ROW else { throw self.connection.error(code) }
        return (0..<count).map { sqlite3_column_int64(self.handle, $0) }
    }
}
