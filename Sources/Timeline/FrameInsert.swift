internal import GRDBSQLite
internal import TimelineModel

/// The insertion of frames: what a big import does most.
///
/// Texts and blobs are bound where they live (SQLITE_STATIC) and stepped before they can move; fixed words are C strings
/// made once; a column that was NULL in the row before and is NULL again is not bound again.
struct FrameInsert {
    private let statement: SQLiteStatement
    private let handle: OpaquePointer
    /// Bit n: parameter n holds something other than NULL.
    private var filled: UInt32 = 0

    // Copies of global tables, which would be checked for their first use at every access.
    private let engineIOTypes = Word.engineIOTypes
    private let socketIOTypes = Word.socketIOTypes
    private let flags = Word.flags
    private let client = Word.client, server = Word.server
    private let polling = Word.polling, websocket = Word.websocket
    private let engineIOLayer = Word.engineIOLayer, webSocketLayer = Word.webSocketLayer
    private let slash = Word.slash, empty = Word.empty

    init(_ connection: SQLiteConnection) throws(TimelineError) {
        self.statement = try SQLiteStatement(connection, SQLText.insertFrame)
        self.handle = self.statement.handle
    }

    /// Inserts one frame with its ids moved by `shift`; gives SQLite's result code.
    mutating func insert(_ frame: UnsafePointer<Frame>, _ shift: IDShift) -> Int32 {
        self.integer(1, frame.pointee.id &+ shift.frames)
        self.integer(2, frame.pointee.sessionID.map { $0 &+ shift.sessions })
        self.integer(3, frame.pointee.connectionID &+ shift.connections)
        self.integer(4, frame.pointee.at.nanoseconds)
        self.word(5, frame.pointee.sender == .client ? self.client : self.server)
        self.word(6, frame.pointee.transport == .polling ? self.polling : self.websocket)
        self.word(7, frame.pointee.layer == .engineio ? self.engineIOLayer : self.webSocketLayer)
        self.integer(8, frame.pointee.opcode.map(Int64.init))
        self.word(9, frame.pointee.engineIOType.map { self.engineIOTypes[Int($0.rawValue)] })
        self.word(10, frame.pointee.socketIOType.map { self.socketIOTypes[Int($0.rawValue)] })
        self.integer(13, frame.pointee.ackID)
        self.integer(14, frame.pointee.attachments.map(Int64.init))
        self.integer(15, frame.pointee.closeCode.map(Int64.init))
        self.integer(16, Int64(frame.pointee.sizeBytes))
        self.integer(17, Int64(frame.pointee.wireBytes))
        self.word(20, self.flags[Int(frame.pointee.flags.rawValue & 31)])
        self.integer(21, frame.pointee.exchangeID.map { $0 &+ shift.exchanges })

        return self.withText(11, frame.pointee.namespace) { this in
            this.withText(12, frame.pointee.event) { this in
                this.withText(18, frame.pointee.payload) { this in
                    this.withBlob(19, frame.pointee.binary) { this in
                        let code = sqlite3_step(this.handle)
                        sqlite3_reset(this.handle)
                        return code
                    }
                }
            }
        }
    }

    @inline(__always)
    private mutating func integer(_ column: Int32, _ value: Int64) {
        self.filled |= 1 << UInt32(column)
        sqlite3_bind_int64(self.handle, column, value)
    }

    @inline(__always)
    private mutating func integer(_ column: Int32, _ value: Int64?) {
        if let value { self.integer(column, value) } else { self.null(column) }
    }

    @inline(__always)
    private mutating func word(_ column: Int32, _ word: Word?) {
        guard let word else { return self.null(column) }
        self.filled |= 1 << UInt32(column)
        sqlite3_bind_text(self.handle, column, word.bytes, word.count, nil)
    }

    @inline(__always)
    private mutating func null(_ column: Int32) {
        let bit: UInt32 = 1 << UInt32(column)
        guard self.filled & bit != 0 else { return }
        self.filled &= ~bit
        sqlite3_bind_null(self.handle, column)
    }

    /// Binds the text's own bytes for as long as `body` runs.
    @inline(__always)
    private mutating func withText(
        _ column: Int32, _ text: String?, _ body: (inout FrameInsert) -> Int32
    ) -> Int32 {
        guard var text else {
            self.null(column)
            return body(&self)
        }
        self.filled |= 1 << UInt32(column)
        return text.withUTF8 { bytes in
            // A nil pointer would be NULL; an empty text is none.
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) ?? self.empty.bytes
            // No destructor is SQLITE_STATIC: the bytes stay valid until the step.
            let code = sqlite3_bind_text64(
                self.handle, column, start, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
            return code == SQLITE_OK ? body(&self) : code
        }
    }

    /// Likewise for a blob.
    @inline(__always)
    private mutating func withBlob(
        _ column: Int32, _ blob: [UInt8]?, _ body: (inout FrameInsert) -> Int32
    ) -> Int32 {
        guard let blob else {
            self.null(column)
            return body(&self)
        }
        self.filled |= 1 << UInt32(column)
        return blob.withUnsafeBufferPointer { bytes in
            let code =
                bytes.isEmpty
                ? sqlite3_bind_zeroblob(self.handle, column, 0)
                : sqlite3_bind_blob64(self.handle, column, bytes.baseAddress, UInt64(bytes.count), nil)
            return code == SQLITE_OK ? body(&self) : code
        }
    }
}
