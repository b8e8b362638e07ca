internal import GRDBSQLite
internal import Synchronization
public import TimelineModel

/// Writes captures to a timeline. Used by one thread at a time.
///
/// After an error the writer is closed as by `abandon`, and every later call throws the same error.
/// Calls out of order (a batch outside a capture, anything after `finish`) are a mistake of the program and trap.
public final class TimelineWriter {
    public enum Mode: Sendable {
        /// All or nothing. A new file is written beside its place under a temporary name, without a journal, and stands
        /// in its place once `finish` is through; an existing timeline is appended to in one transaction.
        case importing
        /// Readable by others while it grows: `commit` makes everything so far visible, and a killed process loses no
        /// more than what came after. The file stands in its place from the start.
        case live
    }

    /// What is being written to, and where it ends up.
    private enum Target {
        /// Under a temporary name.
        case new(NewFile)
        /// In its place, in WAL mode; the lock keeps other writers out.
        case standing(WriterLock?)
    }

    private enum State {
        case idle(SQLiteConnection, Target)
        case capturing(SQLiteConnection, Target, [CaptureRows])
        case closed(TimelineError?)
    }

    private let mode: Mode
    private let schema: Schema
    private var state: State

    /// Opens the timeline, or begins a new one.
    ///
    /// - Throws: `missingFolder`, `directory`, `empty`, `notATimeline`, `newerFormat`, `readOnly`, `locked`, `diskFull`
    ///   and their like. What stood at the path is left as it was.
    ///
    /// - Parameter givesBack: a new file is made so that it can shrink while it is written.
    public convenience init(path: String, mode: Mode, givesBack: Bool = false) throws(TimelineError) {
        try self.init(path: path, mode: mode, schema: .current, givesBack: givesBack)
    }

    /// - Parameter pageLimit: how many pages the file may have, as if the disk were full behind them; for tests.
    init(
        path: String, mode: Mode, schema: Schema, pageLimit: Int? = nil, givesBack: Bool = false
    ) throws(TimelineError) {
        self.mode = mode
        self.schema = schema
        let place = FilePlace(path: path)
        let isTaken = try place.isTaken(.writing)
        StaleFiles.remove(in: place.folder)
        if !isTaken {
            let file = NewFile(for: place)
            do throws(TimelineError) {
                let connection = try Self.create(file, schema, givesBack: givesBack)
                if mode == .importing {
                    try Self.limit(connection, pageLimit)
                    self.state = .idle(connection, .new(file))
                    return
                }
                try schema.createIndexes(in: connection)
                try connection.execute("COMMIT")
                connection.close()
                try file.putInPlace()
            } catch {
                file.remove()
                throw error
            }
        }
        let (connection, lock) = try Self.openStanding(place, schema)
        self.state = .idle(connection, .standing(lock))
        do throws(TimelineError) {
            try Self.limit(connection, pageLimit)
            if mode == .live { try connection.execute(Self.withoutTemporaryFiles) }
            try connection.execute("BEGIN IMMEDIATE")
            try schema.migrate(connection)
        } catch {
            self.close(because: error)
            throw error
        }
    }

    deinit {
        self.abandon()
    }

    /// Whether a timeline stands at the path that could be appended to now. Nothing is changed: going to write changes
    /// the bytes of its header, even where nothing is written in the end.
    ///
    /// - Throws: as `init` does for what stands there, and where nothing can be made there.
    public static func isStanding(path: String) throws(TimelineError) -> Bool {
        let place = FilePlace(path: path)
        guard try place.isTaken(.writing) else { return false }
        let connection = try Self.checked(place, .current)
        if WriterLock.isHeld(connection.handle) { throw .locked(path: path) }
        return true
    }

    // MARK: Captures

    /// Begins a capture; a writer takes several, one after the other.
    ///
    /// - Parameter toolVersion: of this program, kept with the capture.
    public func begin(_ capture: CaptureFacts, toolVersion: String) throws(TimelineError) {
        try self.begin([capture], toolVersion: toolVersion)
    }

    /// Begins captures that are recorded side by side, at least one: their rows may come in any order, and their ids
    /// interleave.
    public func begin(_ captures: [CaptureFacts], toolVersion: String) throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in
            guard case .idle(let connection, let target) = self.state, !captures.isEmpty else {
                Self.outOfOrder("begin")
            }
            var rows: [CaptureRows] = []
            for (place, capture) in captures.enumerated() {
                let shift = try IDShift(behind: connection, place: place, of: captures.count)
                let first = rows.first?.captureID
                rows.append(
                    try CaptureRows(
                        beginning: self.unfinished(capture), toolVersion: toolVersion, shift: shift, beside: first,
                        in: connection))
                if place == 1, let first { try rows[0].standBeside(first) }
            }
            self.captureIDs = rows.map(\.captureID)
            self.state = .capturing(connection, target, rows)
        }
    }

    /// Gives the rows of a batch the ids that they have in the file; `write` is told so then.
    public func place(_ batch: inout TimelineBatch, capture: Int = 0) {
        guard case .capturing(_, _, let rows) = self.state, rows.indices.contains(capture) else { return }
        rows[capture].shift.move(&batch)
    }

    /// Writes what is new in a capture. The batch's ids count from 1 within the capture; they are moved behind what
    /// the file held when it began.
    ///
    /// - Parameters:
    ///   - capture: its place among those that began together.
    ///   - hasFileIDs: the batch went through `place`.
    public func write(
        _ batch: TimelineBatch, capture: Int = 0, hasFileIDs: Bool = false
    ) throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in
            guard case .capturing(let connection, let target, var rows) = self.state, rows.indices.contains(capture)
            else { Self.outOfOrder("write") }
            // The only reference to them goes, so that nothing is copied.
            self.state = .idle(connection, target)
            defer { self.state = .capturing(connection, target, rows) }
            try rows[capture].write(batch, hasFileIDs: hasFileIDs)
        }
    }

    /// Stores the newest facts of a capture that goes on.
    public func update(_ facts: CaptureFacts, capture: Int = 0) throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in
            guard case .capturing(_, _, let rows) = self.state, rows.indices.contains(capture) else {
                Self.outOfOrder("update")
            }
            try rows[capture].update(self.unfinished(facts))
        }
    }

    /// What others may read before its end is cut off unless that comes.
    private func unfinished(_ facts: CaptureFacts) -> CaptureFacts {
        var facts = facts
        if self.mode == .live { facts.completeTail = false }
        return facts
    }

    /// Ends the capture with its final facts.
    public func endCapture(_ capture: CaptureFacts) throws(TimelineError) {
        try self.endCaptures([capture])
    }

    /// Ends the captures that began together with their final facts.
    public func endCaptures(_ captures: [CaptureFacts]) throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in
            guard case .capturing(let connection, let target, let rows) = self.state, rows.count == captures.count
            else { Self.outOfOrder("endCaptures") }
            for (rows, facts) in zip(rows, captures) { try rows.update(facts) }
            self.state = .idle(connection, target)
        }
    }

    // MARK: Beside rows

    /// Runs `body` on what else can be done with the file while captures are written.
    func withConnection(_ body: (SQLiteConnection) throws(TimelineError) -> Void) throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in try body(self.openConnection("withConnection")) }
    }

    /// Ids of the captures that began last, in their order.
    public private(set) var captureIDs: [Int64] = []

    // MARK: The file

    /// Makes all rows so far visible to others, and safe from a `kill -9`. Does nothing while importing, which is all
    /// or nothing.
    public func commit() throws(TimelineError) {
        guard self.mode == .live else { return }
        try self.attempt { () throws(TimelineError) in
            let connection = self.openConnection("commit")
            try connection.execute("COMMIT")
            try connection.execute("BEGIN IMMEDIATE")
        }
    }

    /// Commits, and closes the file: whole, on the disk, in its place.
    public func finish() throws(TimelineError) {
        try self.attempt { () throws(TimelineError) in
            switch self.state {
            case .idle(let connection, let target), .capturing(let connection, let target, _):
                if case .new = target { try self.schema.createIndexes(in: connection) }
                try connection.execute("COMMIT")
                // Statements go first: the connection closes with its last reference.
                self.state = .idle(connection, target)
            case .closed:
                Self.outOfOrder("finish")
            }
        }
        guard case .idle(let connection, let target) = self.state else { return }
        switch target {
        case .new(let file):
            do throws(TimelineError) {
                self.state = .closed(nil)
                connection.close()
                try file.putInPlace()
            } catch {
                file.remove()
                self.state = .closed(error)
                throw error
            }
        case .standing:
            Self.settle(connection)
            self.state = .closed(nil)
        }
    }

    /// Gives up what was not committed: a new import leaves no file, an append leaves the timeline as it was, a live
    /// recording what was committed. Does nothing after `finish`.
    public func abandon() {
        self.close(because: nil)
    }

    // MARK: Inside

    private static func outOfOrder(_ call: String) -> Never {
        preconditionFailure("TimelineWriter.\(call) called out of order")
    }

    private func openConnection(_ call: String) -> SQLiteConnection {
        switch self.state {
        case .idle(let connection, _), .capturing(let connection, _, _): connection
        case .closed: Self.outOfOrder(call)
        }
    }

    /// Runs `body`; an error closes the writer, since SQLite may have rolled back on its own.
    private func attempt(_ body: () throws(TimelineError) -> Void) throws(TimelineError) {
        if case .closed(let error?) = self.state { throw error }
        do throws(TimelineError) {
            try body()
        } catch {
            self.close(because: error)
            throw error
        }
    }

    private func close(because error: TimelineError?) {
        switch self.state {
        case .idle(let connection, let target), .capturing(let connection, let target, _):
            self.state = .closed(error)
            switch target {
            case .new(let file):
                connection.close()
                file.remove()
            case .standing:
                // It may be rolled back already; then this fails, and changes nothing.
                try? connection.execute("ROLLBACK")
                Self.settle(connection)
            }
        case .closed:
            break
        }
    }

    /// A new file with its tables, in a transaction that is left open. Nobody else knows the file, and it is removed
    /// unless it becomes whole: so no journal, no synchronizing, no locks.
    private static func create(
        _ file: NewFile, _ schema: Schema, givesBack: Bool
    ) throws(TimelineError) -> SQLiteConnection {
        let connection = try SQLiteConnection(creating: file)
        try connection.execute("PRAGMA page_size = \(Self.pageSize)")
        // Before the first table, or never.
        if givesBack { try connection.execute("PRAGMA auto_vacuum = INCREMENTAL") }
        try connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute(Self.tuning)
        try connection.execute("BEGIN")
        try schema.createTables(in: connection)
        return connection
    }

    /// What stands in its place, where it is a timeline that can be written.
    private static func checked(_ place: FilePlace, _ schema: Schema) throws(TimelineError) -> SQLiteConnection {
        let connection = try SQLiteConnection(place)
        let applicationID = try connection.integer("PRAGMA application_id")
        let format = try connection.integer("PRAGMA user_version")
        try schema.check(applicationID: applicationID, format: format, path: place.path, .writing)
        if connection.isReadOnly { throw .readOnly(path: place.path) }
        return connection
    }

    /// A timeline in its place, checked, in WAL mode, locked against other writers; no transaction is open.
    private static func openStanding(
        _ place: FilePlace, _ schema: Schema
    ) throws(TimelineError) -> (SQLiteConnection, WriterLock?) {
        let connection = try self.checked(place, schema)
        try self.enterWAL(connection)
        try connection.execute(Self.tuning)
        // The log comes into being with the first read, and the lock stands on it.
        _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
        return (connection, try WriterLock(connection))
    }

    private static func enterWAL(_ connection: SQLiteConnection) throws(TimelineError) {
        let result = self.changingMode.withLock { _ in
            Swift.Result { () throws(TimelineError) in
                try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            }
        }
        try result.get()
    }

    /// Back to one file without companions, so that it can be copied, and read in a read-only folder. Where others
    /// are reading, the last of them to close does what can be done.
    private static func settle(_ connection: SQLiteConnection) {
        self.changingMode.withLock { _ in
            sqlite3_busy_timeout(connection.handle, 0)
            try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            try? connection.execute("PRAGMA journal_mode = DELETE")
        }
    }

    /// Taken while a file goes into WAL mode or out of it, which a rollback journal guards for a moment. Who only may read
    /// cannot undo it.
    private static let changingMode = Mutex<Void>(())

    /// Runs `body` while no writer of this process is at that: in it the process can end at any time, and leaves files
    /// that all readers can open. Waits for a moment.
    public static func whileReadable<Result>(_ body: () -> Result) -> Result {
        self.changingMode.withLock { _ in body() }
    }

    private static func limit(_ connection: SQLiteConnection, _ pages: Int?) throws(TimelineError) {
        if let pages { try connection.execute("PRAGMA max_page_count = \(pages)") }
    }

    /// Bytes; measured over 4 to 64 KiB: from 16 KiB on the gain is small, and a live commit writes whole pages.
    private static let pageSize = 16_384

    /// 16 MB of cache: more gave no speed, and the sorter of an index takes as much again.
    private static let tuning = "PRAGMA cache_size = -16000; PRAGMA secure_delete = OFF"

    /// A recording opens no file while it runs: one that sockets have left no descriptors for would end it. What a
    /// statement may have to undo, the pages that one row changes, is held in memory instead; rows are never sorted here.
    private static let withoutTemporaryFiles = "PRAGMA temp_store = MEMORY"
}
