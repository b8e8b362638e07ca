#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
internal import GRDBSQLite

/// Keeps a second writer out for as long as this one lives.
///
/// SQLite's own write lock is free for a moment between two transactions of a live recording; a second writer that
/// slipped in there would take the ids of the first. The lock stands on the write-ahead log, since SQLite puts none of
/// its own there: on the database itself, closing our descriptor would drop SQLite's locks. It goes with the process.
final class WriterLock {
    private let descriptor: Int32

    /// For a connection that has the log open. Nil where there is no log (a file system without shared memory).
    init?(_ connection: SQLiteConnection) throws(TimelineError) {
        guard let name = sqlite3_db_filename(connection.handle, "main") else { return nil }
        self.descriptor = open(String(cString: name) + "-wal", O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else { return nil }
        for attempt in 1... {
            if flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
            // Readers that ask whether there is a writer have it for an instant.
            if attempt == Self.attempts { throw .locked(path: connection.path) }
            usleep(Self.pauseMicroseconds)
        }
    }

    private static let attempts = 10
    private static let pauseMicroseconds: UInt32 = 10_000

    /// Whether somebody writes to the timeline just now.
    static func isHeld(_ database: OpaquePointer) -> Bool {
        guard let name = sqlite3_db_filename(database, "main") else { return false }
        let descriptor = open(String(cString: name) + "-wal", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
    }
}
