#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written under a temporary name in its folder and stands under its own name once it is whole.
struct NewFile {
    let place: FilePlace
    let temporaryPath: String

    /// Takes a name; makes no file.
    init(for place: FilePlace) {
        self.place = place
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        self.temporaryPath = "\(place.folder)/.sioscope-\(getpid())-\(unique).tmp"
    }

    /// Makes it, empty, for its owner alone: traffic holds secrets. SQLite gives the mode of a database to the files
    /// beside it.
    func create() throws(TimelineError) {
        let descriptor = open(self.temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TimelineError(systemError: errno, path: self.place.path) }
        close(descriptor)
    }

    /// The process that writes, or wrote, the file of this name; nil for the name of anything else.
    static func writer(ofTemporary name: String) -> pid_t? {
        guard name.hasPrefix(".sioscope-"), name.hasSuffix(".tmp") else { return nil }
        let parts = name.dropFirst(10).dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let process = pid_t(parts[0]), process > 0, UInt64(parts[1], radix: 36) != nil else {
            return nil
        }
        return process
    }

    /// Gives the file its name, never over another one, after its bytes are on the disk.
    func putInPlace() throws(TimelineError) {
        try Self.synchronize(self.temporaryPath, of: self.place.path)
        // A hard link fails where the name is taken; a rename would replace what stands there.
        if link(self.temporaryPath, self.place.path) == 0 {
            unlink(self.temporaryPath)
        } else {
            let code = errno
            guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(code) else {
                throw TimelineError(systemError: code, path: self.place.path)
            }
            // A file system without hard links (FAT, some network shares).
            if access(self.place.path, F_OK) == 0 { throw .occupied(path: self.place.path) }
            guard rename(self.temporaryPath, self.place.path) == 0 else {
                throw TimelineError(systemError: errno, path: self.place.path)
            }
        }
        // So that the name survives a power cut too; where a folder cannot be synchronized the file is whole all the same.
        try? Self.synchronize(self.place.folder, of: self.place.path)
    }

    /// Removes what there is of it.
    func remove() {
        unlink(self.temporaryPath)
        unlink(self.temporaryPath + "-journal")
    }

    private static func synchronize(_ path: String, of file: String) throws(TimelineError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TimelineError(systemError: errno, path: file) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw TimelineError(systemError: errno, path: file) }
    }
}
