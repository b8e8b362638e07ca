#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// New files that never came to stand in their place, since who wrote them was killed.
enum StaleFiles {
    /// Removes those in the folder that nobody is writing any more. What cannot be looked at is left alone.
    static func remove(in folder: String) {
        guard let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let writer = NewFile.writer(ofTemporary: name), kill(writer, 0) != 0, errno == ESRCH else { continue }
            let path = "\(folder)/\(name)"
            guard !Self.isLocked(path) else { continue }
            unlink(path)
            unlink(path + "-journal")
        }
    }

    /// The writer may be in another container, or on another machine that shares the folder, where process ids mean
    /// nothing here; but SQLite keeps a lock on what it writes. True also where that cannot be found out.
    private static func isLocked(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_GETLK, &lock) != 0 || lock.l_type != Int16(F_UNLCK)
    }
}
