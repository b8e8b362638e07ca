internal import GRDBSQLite
internal import TimelineModel

/// A prepared SELECT, read by the C API: for passes over many rows, where a value for each column of each row would
/// cost more than SQLite does.
final class RowStatement {
    let handle: OpaquePointer
    private let database: OpaquePointer
    private let path: String

    /// - Parameter values: of its parameters, in order.
    init(_ database: OpaquePointer, path: String, _ sql: String, _ values: Int64...) throws(TimelineError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v2(database, sql, -1, &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw TimelineError(
                sqlite: code, message: String(cString: sqlite3_errmsg(database)), path: path, purpose: .reading)
        }
        self.handle = handle
        self.database = database
        self.path = path
        for (index, value) in values.enumerated() { sqlite3_bind_int64(handle, Int32(index) + 1, value) }
    }

    deinit {
        sqlite3_finalize(self.handle)
    }

    /// Begins again with another value of the first parameter.
    func restart(_ value: Int64) {
        sqlite3_reset(self.handle)
        sqlite3_bind_int64(self.handle, 1, value)
    }

    /// Goes to the next row; false behind the last one.
    func next() throws(TimelineError) -> Bool {
        let code = sqlite3_step(self.handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else {
            throw TimelineError(
                sqlite: code, systemError: sqlite3_system_errno(self.database),
                message: String(cString: sqlite3_errmsg(self.database)), path: self.path, purpose: .reading)
        }
        return false
    }

    /// For a value that no version of this program writes.
    func damage(_ column: String) -> TimelineError {
        .damaged(path: self.path, message: "\(column) holds none of its words")
    }
}

/// The columns of one row, from the left to the right.
struct RowColumns {
    private let handle: OpaquePointer
    private var index: Int32 = 0

    init(_ statement: RowStatement) {
        self.handle = statement.handle
    }

    private mutating func advance() -> Int32 {
        defer { self.index += 1 }
        return self.index
    }

    mutating func integer() -> Int64 { sqlite3_column_int64(self.handle, self.advance()) }

    mutating func optionalInteger() -> Int64? {
        let column = self.advance()
        return sqlite3_column_type(self.handle, column) == SQLITE_NULL
            ? nil : sqlite3_column_int64(self.handle, column)
    }

    mutating func count() -> Int { Int(clamping: self.integer()) }

    mutating func optionalCount() -> Int? { self.optionalInteger().map { Int(clamping: $0) } }

    mutating func flag() -> Bool { self.integer() != 0 }

    mutating func time() -> Timestamp { Timestamp(nanoseconds: self.integer()) }

    mutating func optionalTime() -> Timestamp? { self.optionalInteger().map { Timestamp(nanoseconds: $0) } }

    mutating func text() -> String { self.optionalText() ?? "" }

    mutating func optionalText() -> String? { Self.text(self.handle, self.advance()) }

    /// A word of a closed set; nil for NULL, and for a word that is not in it.
    mutating func word<Set: RawRepresentable<String>>() -> Set? { self.optionalText().flatMap(Set.init(rawValue:)) }

    static func text(_ handle: OpaquePointer, _ column: Int32) -> String? {
        guard let text = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }
}
