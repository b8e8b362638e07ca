#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A path as a user gave it, looked at before SQLite gets it: SQLite would make a database of what is missing or
/// empty, and says "unable to open database file" for most else.
struct FilePlace {
    let path: String

    /// True where a file stands, false where one could be created; everything else is an error.
    func isTaken(_ purpose: TimelineError.Purpose) throws(TimelineError) -> Bool {
        // Elsewhere `-` is a stream; a file of that name is `./-`.
        guard !self.path.isEmpty, self.path != "-" else { throw .noFileName(self.path) }
        var status = stat()
        guard stat(self.path, &status) == 0 else {
            let code = errno
            if code == ENOENT, let target = self.linkTarget { throw .danglingLink(path: self.path, target: target) }
            switch code {
            case ENOENT where purpose == .writing, ENOTDIR where purpose == .writing:
                try self.requireFolder()
                return false
            case ENOENT, ENOTDIR: throw .missing(path: self.path)
            case EACCES: throw TimelineError.noPermission(self.path)
            case let code: throw .cannotOpen(path: self.path, reason: String(cString: strerror(code)))
            }
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .directory(path: self.path)
        case S_IFREG: break
        case S_IFIFO: throw .notATimeline(path: self.path, kind: "a pipe", purpose)
        case S_IFSOCK: throw .notATimeline(path: self.path, kind: "a socket", purpose)
        default: throw .notATimeline(path: self.path, kind: "a device", purpose)
        }
        if status.st_size == 0 { throw .empty(path: self.path) }
        return true
    }

    /// What it points to; nil where it is no symbolic link.
    private var linkTarget: String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(self.path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Everything before the last slash; "." without one.
    var folder: String {
        guard let slash = self.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    private func requireFolder() throws(TimelineError) {
        var status = stat()
        guard stat(self.folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .missingFolder(path: self.path, folder: self.folder)
        }
        // SQLite tries again for reading only, and would tell of a missing file.
        if access(self.folder, W_OK | X_OK) != 0 { throw TimelineError(systemError: errno, path: self.path) }
    }

    /// The path as SQLite must get it: where it is built to read URIs, `file:x.db` or `:memory:` would not be what
    /// the user named.
    var forSQLite: String {
        self.path.hasPrefix("/") ? self.path : "./" + self.path
    }

    /// The URI of a file that nobody can be writing to: SQLite then needs no files beside it.
    var immutableURI: String {
        let escaped = self.forSQLite.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "%"): "%25"
            case UInt8(ascii: "?"): "%3f"
            case UInt8(ascii: "#"): "%23"
            default: String(decoding: [byte], as: UTF8.self)
            }
        }
        return "file:" + escaped.joined() + "?immutable=1"
    }
}
