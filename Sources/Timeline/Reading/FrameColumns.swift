#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
internal import GRDBSQLite
internal import TimelineModel

/// Reads the rows of `read-frames.sql` into a frame, one after the other: the inner loop of a pass over a timeline.
///
/// Words of closed sets are told by their bytes and make no text; a namespace or event that is the same as in the row
/// before is not read again.
struct FrameColumns {
    private let statement: RowStatement
    private let handle: OpaquePointer
    private var namespace: String?
    private var event: String?

    private let engineIOTypes = Word.engineIOTypes
    private let socketIOTypes = Word.socketIOTypes
    private let flagWords = Word.flags
    private let client = Word.client, server = Word.server
    private let polling = Word.polling, websocket = Word.websocket
    private let engineIOLayer = Word.engineIOLayer, webSocketLayer = Word.webSocketLayer
    private var flags = FrameFlags()

    init(_ statement: RowStatement) {
        self.statement = statement
        self.handle = statement.handle
    }

    /// Of the row that the statement stands on.
    var connectionID: Int64 { sqlite3_column_int64(self.handle, 2) }

    /// Takes the row that the statement stands on.
    mutating func read(into frame: inout Frame) throws(TimelineError) {
        let handle = self.handle
        frame.id = sqlite3_column_int64(handle, 0)
        frame.sessionID = self.optional(1)
        frame.connectionID = sqlite3_column_int64(handle, 2)
        frame.at.nanoseconds = sqlite3_column_int64(handle, 3)
        frame.sender = try self.choose(4, "frames.sender", self.client, Sender.client, self.server, .server)
        frame.transport = try self.choose(
            5, "frames.transport", self.websocket, Transport.websocket, self.polling, .polling)
        frame.layer = try self.choose(
            6, "frames.layer", self.engineIOLayer, Layer.engineio, self.webSocketLayer, .websocket)
        frame.opcode = self.optional(7).flatMap { UInt8(exactly: $0) }
        frame.engineIOType = try self.index(8, "frames.eio_type", self.engineIOTypes)
            .flatMap { EngineIOType(rawValue: UInt8($0)) }
        frame.socketIOType = try self.index(9, "frames.sio_type", self.socketIOTypes)
            .flatMap { SocketIOType(rawValue: UInt8($0)) }
        self.read(10, into: &self.namespace)
        frame.namespace = self.namespace
        self.read(11, into: &self.event)
        frame.event = self.event
        frame.ackID = self.optional(12)
        frame.attachments = self.optional(13).map { Int(clamping: $0) }
        frame.closeCode = self.optional(14).flatMap { UInt16(exactly: $0) }
        frame.sizeBytes = Int(clamping: sqlite3_column_int64(handle, 15))
        frame.wireBytes = Int(clamping: sqlite3_column_int64(handle, 16))
        frame.payload = RowColumns.text(handle, 17)
        frame.binary = self.blob(18)
        frame.flags = self.readFlags(19)
        frame.exchangeID = self.optional(20)
    }

    @inline(__always)
    private func optional(_ column: Int32) -> Int64? {
        sqlite3_column_type(self.handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(self.handle, column)
    }

    @inline(__always)
    private func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8>? {
        guard let text = sqlite3_column_text(self.handle, column) else { return nil }
        return UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(self.handle, column)))
    }

    @inline(__always)
    private func choose<Value>(
        _ column: Int32, _ name: String, _ first: Word, _ firstValue: Value, _ second: Word, _ secondValue: Value
    ) throws(TimelineError) -> Value {
        guard let bytes = self.bytes(column) else { throw self.statement.damage(name) }
        if first.equals(bytes) { return firstValue }
        if second.equals(bytes) { return secondValue }
        throw self.statement.damage(name)
    }

    /// Which of the words stands there; nil for NULL.
    @inline(__always)
    private func index(_ column: Int32, _ name: String, _ words: [Word]) throws(TimelineError) -> Int? {
        guard let bytes = self.bytes(column) else { return nil }
        for index in words.indices where words[index].equals(bytes) { return index }
        throw self.statement.damage(name)
    }

    @inline(__always)
    private func read(_ column: Int32, into text: inout String?) {
        guard let bytes = self.bytes(column) else {
            if text != nil { text = nil }
            return
        }
        let isSame =
            text?.utf8.withContiguousStorageIfAvailable { old in
                guard old.count == bytes.count else { return false }
                guard let left = old.baseAddress, let right = bytes.baseAddress else { return true }
                return memcmp(left, right, old.count) == 0
            } ?? false
        if !isSame { text = String(decoding: bytes, as: UTF8.self) }
    }

    private func blob(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(self.handle, column) != SQLITE_NULL else { return nil }
        let blob = sqlite3_column_blob(self.handle, column)
        return Array(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(self.handle, column))))
    }

    /// Most frames have none, and most others the same as the one before.
    @inline(__always)
    private mutating func readFlags(_ column: Int32) -> FrameFlags {
        guard let bytes = self.bytes(column), !bytes.isEmpty else { return [] }
        if self.flagWords[Int(self.flags.rawValue & 31)].equals(bytes) { return self.flags }
        self.flags = FrameFlags(text: String(decoding: bytes, as: UTF8.self))
        return self.flags
    }
}
