public import TimelineModel

/// Lets the oldest sessions of a recording go: those that have ended, with their frames, requests, anomalies and
/// findings, and the connections that nothing names any more. What the timeline held before is left alone, and so are
/// sessions that run.
///
/// A limit in bytes holds for the file and its write-ahead log together: see `Budget`. Memory grows with the sessions and
/// connections that the file holds, a hundred bytes each or so.
public final class Retention {
    /// What is kept. At least one of them is set.
    public struct Limits: Sendable {
        /// Bytes of the file and of its write-ahead log.
        public var bytes: Int64?
        /// How long a session is kept after its end, in nanoseconds.
        public var ageNs: Int64?

        public init(bytes: Int64? = nil, ageNs: Int64? = nil) {
            (self.bytes, self.ageNs) = (bytes, ageNs)
        }
    }

    /// How a limit in bytes is shared out.
    ///
    /// What it does not bound: sessions that run; a log that grows because somebody reads for long, until he is done; and
    /// the free pages of a timeline that was there before, unless it was made to give them back.
    struct Budget: Equatable {
        /// Of the write-ahead log. It is checkpointed at half of this; a transaction on top may take as much again.
        let log: Int64
        /// Of the file with its free pages; a sixteenth of the limit is left for what is written at once.
        let file: Int64
        /// Of its pages in use: what comes until they are counted again takes free pages, not new ones.
        let used: Int64
        /// Rows that are written in one transaction, by their size in memory.
        var transaction: Int { Int(self.log / 4) }

        init(_ limit: Int64) {
            self.log = min(16 << 20, max(128 << 10, limit / 8))
            self.file = limit - 2 * self.log - limit / 16
            self.used = self.file - self.log / 2
        }
    }

    private let limits: Limits
    private let budget: Budget?
    private let pageSize: Int64
    private let writer: TimelineWriter
    private let firstCapture: Int64
    private let firsts: (frame: Int64, exchange: Int64, finding: Int64)
    /// Connections that rows of each session name.
    private var connectionsOf: [Int64: Set<Int64>] = [:]
    /// How many sessions name each connection.
    private var users: [Int64: Int] = [:]
    /// Connections that have ended, in that order.
    private var closed: [(id: Int64, at: Timestamp)] = []
    private var isClosed: Set<Int64> = []
    /// Those among them that could go, but for a session that still names them.
    private var awaited: Set<Int64> = []
    /// Sessions that have ended, in that order.
    private var ended: [(id: Int64, at: Timestamp)] = []
    private var isEnded: Set<Int64> = []
    /// The session that is being deleted; its frames go piece by piece.
    private var going: (id: Int64, at: Timestamp)?
    /// Sessions that went.
    public private(set) var count = 0
    /// And frames.
    public private(set) var frames: Int64 = 0

    /// For captures that have just begun.
    public init(_ limits: Limits, _ writer: TimelineWriter) throws(TimelineError) {
        self.limits = limits
        self.budget = limits.bytes.map(Budget.init)
        let budget = self.budget
        self.writer = writer
        self.firstCapture = writer.captureIDs.first ?? .max
        var highest: [Int64] = [0, 0, 0, 0]
        var finding: Int64 = 0
        var pageSize: Int64 = 0
        try writer.withConnection { (connection) throws(TimelineError) in
            pageSize = try connection.integer("PRAGMA page_size")
            if let budget {
                try connection.execute("PRAGMA wal_autocheckpoint = \(max(1, budget.log / 2 / pageSize))")
                try connection.execute("PRAGMA journal_size_limit = \(budget.log)")
            }
            highest = try SQLiteStatement(connection, SQLText.highestIDs).integers(4)
            finding = try connection.integer(SQLText.highestFinding)
        }
        self.pageSize = pageSize
        self.firsts = (highest[3] + 1, highest[2] + 1, finding + 1)
    }

    /// Rows of so many bytes, as they are in memory, are to be committed at once, and `tidy` asked then; nil where only
    /// time counts.
    public var transactionBytes: Int? { self.budget?.transaction }

    /// Takes note of rows, which have the file's ids.
    public func note(_ batch: TimelineBatch) {
        for frame in batch.frames {
            if let session = frame.sessionID { self.note(session, uses: frame.connectionID) }
        }
        for exchange in batch.exchanges {
            if let session = exchange.sessionID { self.note(session, uses: exchange.connectionID) }
        }
        for connection in batch.connections {
            if let at = connection.closed, self.isClosed.insert(connection.id).inserted {
                self.closed.append((connection.id, at))
            }
        }
        for session in batch.sessions {
            if session.endClass != nil, let at = session.ended, self.isEnded.insert(session.id).inserted {
                self.ended.append((session.id, at))
            }
        }
    }

    private func note(_ session: Int64, uses connection: Int64) {
        if self.connectionsOf[session, default: []].insert(connection).inserted {
            self.users[connection, default: 0] += 1
        }
    }

    /// Lets go of what is too old or too much, for a short while at most: what is left goes the next time.
    ///
    /// - Parameter isInTime: asked between pieces of work.
    /// - Returns: whether anything was to do: then it is to be committed, and there may be more.
    @discardableResult
    public func tidy(now: Timestamp, while isInTime: () -> Bool) throws(TimelineError) -> Bool {
        var isChanged = false
        repeat {
            if self.going == nil {
                guard let oldest = self.ended.first, try self.isDue(oldest.at, now) else { break }
                self.ended.removeFirst()
                self.going = oldest
            }
            try self.deletePiece()
            isChanged = true
        } while isInTime()
        return try self.giveBack() || isChanged
    }

    /// Makes the file smaller where it has outgrown its budget: pages at its end move into free ones. Each page that was
    /// written moves once at most; the log takes those that moved, so they are no more than a transaction may have.
    private func giveBack() throws(TimelineError) -> Bool {
        guard let budget else { return false }
        var isSmaller = false
        try self.writer.withConnection { (connection) throws(TimelineError) in
            let pages = try connection.integer("PRAGMA page_count")
            let excess = pages - budget.file / self.pageSize
            guard excess > 0, try connection.integer("PRAGMA freelist_count") > 0 else { return }
            let most = max(1, Int64(budget.transaction) / self.pageSize)
            try connection.execute("PRAGMA incremental_vacuum(\(min(excess, most)))")
            // A file that was not made for it stays as it is.
            isSmaller = try connection.integer("PRAGMA page_count") < pages
        }
        return isSmaller
    }

    private func isDue(_ ended: Timestamp, _ now: Timestamp) throws(TimelineError) -> Bool {
        if let age = self.limits.ageNs, now.nanoseconds(since: ended) > age { return true }
        guard let budget else { return false }
        var pages: Int64 = 0
        try self.writer.withConnection { (connection) throws(TimelineError) in
            pages = try connection.integer("PRAGMA page_count") - connection.integer("PRAGMA freelist_count")
        }
        return pages * self.pageSize > budget.used
    }

    private func deletePiece() throws(TimelineError) {
        guard let (id, at) = self.going else { return }
        try self.writer.withConnection { (connection) throws(TimelineError) in
            let frames = try self.run(SQLText.forgetFrames, id, in: connection)
            self.frames += Int64(frames)
            if frames > 0 { return }
            for sql in [
                SQLText.forgetFindings, SQLText.forgetAnomalies, SQLText.forgetExchanges, SQLText.forgetSession,
            ] { try self.run(sql, id, in: connection) }
            for used in self.connectionsOf.removeValue(forKey: id) ?? [] {
                self.users[used] = self.users[used].flatMap { $0 > 1 ? $0 - 1 : nil }
                if self.users[used] == nil, self.awaited.remove(used) != nil {
                    try self.run(SQLText.forgetConnection, used, in: connection)
                }
            }
            self.isEnded.remove(id)
            try self.deleteLoose(before: at, in: connection)
            self.going = nil
            self.count += 1
        }
    }

    /// What belongs to no session goes with the sessions of its time.
    private func deleteLoose(before at: Timestamp, in connection: SQLiteConnection) throws(TimelineError) {
        self.frames += Int64(
            try self.run(SQLText.forgetLooseFrames, self.firsts.frame, at.nanoseconds, in: connection))
        try self.run(SQLText.forgetLooseExchanges, self.firsts.exchange, at.nanoseconds, in: connection)
        try self.run(SQLText.forgetLooseAnomalies, self.firstCapture, at.nanoseconds, in: connection)
        try self.run(SQLText.forgetLooseFindings, self.firsts.finding, at.nanoseconds, in: connection)
        let old = self.closed.prefix { $0.at < at }
        self.closed.removeFirst(old.count)
        for (id, _) in old {
            self.isClosed.remove(id)
            if self.users[id] == nil {
                try self.run(SQLText.forgetConnection, id, in: connection)
            } else {
                self.awaited.insert(id)
            }
        }
    }

    /// Gives the number of rows that went.
    @discardableResult
    private func run(_ sql: String, _ values: Int64..., in connection: SQLiteConnection) throws(TimelineError) -> Int {
        let statement = try SQLiteStatement(connection, sql)
        for value in values { statement.add(value) }
        try statement.run()
        return connection.changes
    }
}
