internal import GRDBSQLite
internal import TimelineModel

/// A statement that inserts several frames in one run: to start and end a run costs as much as a fifth of a row.
///
/// Texts and blobs are copied side by side into memory of its own and bound there (SQLITE_STATIC), fixed words are C
/// strings made once, and a column that was NULL in the run before and is NULL again is not bound again.
struct FrameStatement: ~Copyable {
    /// Texts and blobs of a row that are copied; a row with more goes by itself, so that no run doubles much memory.
    static let heldBytes = 4096
    private static let columns: Int32 = 21

    let rows: Int
    private let statement: SQLiteStatement
    private let handle: OpaquePointer
    private let memory: UnsafeMutableRawPointer
    private var usedBytes = 0
    /// Of each row, bit n: column n holds something other than NULL.
    private var filled: [UInt32]

    // Copies of global tables, which would be checked for their first use at every access.
    private let engineIOTypes = Word.engineIOTypes
    private let socketIOTypes = Word.socketIOTypes
    private let flags = Word.flags
    private let client = Word.client, server = Word.server
    private let polling = Word.polling, websocket = Word.websocket
    private let engineIOLayer = Word.engineIOLayer, webSocketLayer = Word.webSocketLayer
    private let empty = Word.empty

    init(rows: Int, _ connection: SQLiteConnection) throws(TimelineError) {
        self.rows = rows
        self.statement = try SQLiteStatement(connection, Self.sql(rows: rows))
        self.handle = self.statement.handle
        self.memory = .allocate(byteCount: rows * Self.heldBytes, alignment: 16)
        self.filled = [UInt32](repeating: 0, count: rows)
    }

    deinit {
        self.memory.deallocate()
    }

    /// The statement's file has one row of parameters; the others are like it.
    private static func sql(rows: Int) -> String {
        let one = SQLText.insertFrame.drop(while: \.isWhitespace)
        let end = one.lastIndex(of: ")") ?? one.endIndex
        let row = "(" + repeatElement("?", count: Int(self.columns)).joined(separator: ", ") + ")"
        return one[...end] + repeatElement(", " + row, count: rows - 1).joined()
    }

    /// Whether the row's texts and blobs are small enough to go with others.
    static func holds(_ frame: UnsafePointer<Frame>) -> Bool {
        (frame.pointee.payload?.utf8.count ?? 0) + (frame.pointee.binary?.count ?? 0)
            + (frame.pointee.event?.utf8.count ?? 0) + (frame.pointee.namespace?.utf8.count ?? 0) <= Self.heldBytes
    }

    /// Inserts the rows that were bound; gives SQLite's result code.
    mutating func run() -> Int32 {
        let code = sqlite3_step(self.handle)
        sqlite3_reset(self.handle)
        self.usedBytes = 0
        return code
    }

    /// Binds a frame, its ids moved by `shift`, as the row of that number; gives SQLite's result code.
    mutating func bind(_ frame: UnsafePointer<Frame>, _ shift: IDShift, row: Int) -> Int32 {
        var columns = Columns(self.handle, before: Int32(row) * Self.columns, self.filled[row])
        columns.integer(1, shift.frame(frame.pointee.id))
        columns.integer(2, frame.pointee.sessionID.map(shift.session))
        columns.integer(3, shift.connection(frame.pointee.connectionID))
        columns.integer(4, frame.pointee.at.nanoseconds)
        columns.word(5, frame.pointee.sender == .client ? self.client : self.server)
        columns.word(6, frame.pointee.transport == .polling ? self.polling : self.websocket)
        columns.word(7, frame.pointee.layer == .engineio ? self.engineIOLayer : self.webSocketLayer)
        columns.integer(8, frame.pointee.opcode.map(Int64.init))
        columns.word(9, frame.pointee.engineIOType.map { self.engineIOTypes[Int($0.rawValue)] })
        columns.word(10, frame.pointee.socketIOType.map { self.socketIOTypes[Int($0.rawValue)] })
        self.text(11, frame.pointee.namespace, &columns)
        self.text(12, frame.pointee.event, &columns)
        columns.integer(13, frame.pointee.ackID)
        columns.integer(14, frame.pointee.attachments.map(Int64.init))
        columns.integer(15, frame.pointee.closeCode.map(Int64.init))
        columns.integer(16, Int64(frame.pointee.sizeBytes))
        columns.integer(17, Int64(frame.pointee.wireBytes))
        self.text(18, frame.pointee.payload, &columns)
        self.blob(19, frame.pointee.binary, &columns)
        columns.word(20, self.flags[Int(frame.pointee.flags.rawValue & 31)])
        columns.integer(21, frame.pointee.exchangeID.map(shift.exchange))
        self.filled[row] = columns.filled
        return columns.code
    }

    @inline(__always)
    private mutating func text(_ column: Int32, _ text: String?, _ columns: inout Columns) {
        guard var text else { return columns.null(column) }
        text.withUTF8 { bytes in
            // A nil pointer would be NULL; an empty text is none.
            let place = self.place(UnsafeRawBufferPointer(bytes)) ?? UnsafeRawPointer(self.empty.bytes)
            columns.text(column, place, bytes.count, isCopied: self.isHeld(place))
        }
    }

    @inline(__always)
    private mutating func blob(_ column: Int32, _ blob: [UInt8]?, _ columns: inout Columns) {
        guard let blob else { return columns.null(column) }
        blob.withUnsafeBytes { bytes in
            guard let place = self.place(bytes) else { return columns.emptyBlob(column) }
            columns.blob(column, place, bytes.count, isCopied: self.isHeld(place))
        }
    }

    /// Where the bytes are: copied, or, where there is no room, where they were. Nil where there are none.
    private mutating func place(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return nil }
        guard bytes.count <= self.rows * Self.heldBytes - self.usedBytes else { return start }
        let place = self.memory + self.usedBytes
        place.copyMemory(from: start, byteCount: bytes.count)
        self.usedBytes += bytes.count
        return UnsafeRawPointer(place)
    }

    /// Stays where it is until the run: copied here, or a word.
    private func isHeld(_ place: UnsafeRawPointer) -> Bool {
        place == UnsafeRawPointer(self.empty.bytes)
            || (place >= UnsafeRawPointer(self.memory) && place < self.memory + self.rows * Self.heldBytes)
    }
}

/// Binds the parameters of one row.
private struct Columns {
    private let handle: OpaquePointer
    private let before: Int32
    private(set) var filled: UInt32
    /// The first failure.
    private(set) var code = SQLITE_OK

    init(_ handle: OpaquePointer, before: Int32, _ filled: UInt32) {
        self.handle = handle
        self.before = before
        self.filled = filled
    }

    @inline(__always)
    mutating func integer(_ column: Int32, _ value: Int64) {
        self.filled |= 1 << UInt32(column)
        sqlite3_bind_int64(self.handle, self.before + column, value)
    }

    @inline(__always)
    mutating func integer(_ column: Int32, _ value: Int64?) {
        if let value { self.integer(column, value) } else { self.null(column) }
    }

    @inline(__always)
    mutating func word(_ column: Int32, _ word: Word?) {
        guard let word else { return self.null(column) }
        self.filled |= 1 << UInt32(column)
        sqlite3_bind_text(self.handle, self.before + column, word.bytes, word.count, nil)
    }

    @inline(__always)
    mutating func null(_ column: Int32) {
        let bit: UInt32 = 1 << UInt32(column)
        guard self.filled & bit != 0 else { return }
        self.filled &= ~bit
        sqlite3_bind_null(self.handle, self.before + column)
    }

    @inline(__always)
    mutating func text(_ column: Int32, _ start: UnsafeRawPointer, _ count: Int, isCopied: Bool) {
        self.filled |= 1 << UInt32(column)
        self.note(
            sqlite3_bind_text64(
                self.handle, self.before + column, start.assumingMemoryBound(to: CChar.self), UInt64(count),
                isCopied ? nil : SQLiteStatement.transient, UInt8(SQLITE_UTF8)))
    }

    @inline(__always)
    mutating func blob(_ column: Int32, _ start: UnsafeRawPointer, _ count: Int, isCopied: Bool) {
        self.filled |= 1 << UInt32(column)
        self.note(
            sqlite3_bind_blob64(
                self.handle, self.before + column, start, UInt64(count), isCopied ? nil : SQLiteStatement.transient))
    }

    mutating func emptyBlob(_ column: Int32) {
        self.filled |= 1 << UInt32(column)
        self.note(sqlite3_bind_zeroblob(self.handle, self.before + column, 0))
    }

    private mutating func note(_ code: Int32) {
        if self.code == SQLITE_OK { self.code = code }
    }
}
