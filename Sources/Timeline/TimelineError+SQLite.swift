internal import GRDBSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension TimelineError {
    /// The error for a result code of SQLite.
    ///
    /// - Parameters:
    ///   - code: primary or extended.
    ///   - systemError: `errno` as SQLite saw it, 0 where unknown. It tells a full disk at fsync from other I/O errors.
    ///   - offset: into the SQL, in bytes; negative where unknown.
    init(
        sqlite code: Int32, systemError: Int32 = 0, message: String, path: String, purpose: Purpose, offset: Int32 = -1
    ) {
        let system = String(cString: strerror(systemError))
        switch code & 0xFF {
        case _ where systemError == ENOSPC || systemError == EDQUOT:
            self = .diskFull(path: path)
        case SQLITE_FULL:
            self = .diskFull(path: path)
        case SQLITE_BUSY, SQLITE_LOCKED:
            self = .locked(path: path)
        case SQLITE_READONLY where purpose == .reading:
            // The only way to get there: another program was killed in the middle of a change with a rollback journal.
            let reason = "a change to it was interrupted; `sqlite3 \(path) 'PRAGMA user_version'` undoes that"
            self = .cannotOpen(path: path, reason: reason)
        case SQLITE_READONLY:
            self = .readOnly(path: path)
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
            switch systemError {
            case EROFS: self = .readOnly(path: path)
            case EACCES, EPERM: self = purpose == .writing ? .readOnly(path: path) : Self.noPermission(path)
            case 0: self = .cannotOpen(path: path, reason: message)
            default: self = .cannotOpen(path: path, reason: system)
            }
        case SQLITE_NOTADB:
            self = .notATimeline(path: path, kind: FileKind(path: path)?.name, purpose)
        case SQLITE_CORRUPT:
            self = .damaged(path: path, message: message)
        case SQLITE_IOERR:
            self = .inputOutput(path: path, message: systemError == 0 ? message : system)
        default:
            self = .sql(path: path, message: message, offset: offset < 0 ? nil : Int(offset))
        }
    }

    static func noPermission(_ path: String) -> TimelineError {
        .cannotOpen(path: path, reason: "no permission to read it; run as its owner, or change its mode")
    }

    /// The error for a system call on the file or its folder.
    init(systemError: Int32, path: String) {
        switch systemError {
        case ENOSPC, EDQUOT: self = .diskFull(path: path)
        case EROFS, EACCES, EPERM: self = .readOnly(path: path)
        case EEXIST: self = .occupied(path: path)
        default: self = .inputOutput(path: path, message: String(cString: strerror(systemError)))
        }
    }
}
