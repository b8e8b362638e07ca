import Glibc

/// The file of a unix socket: only its owner may use it, and it goes when the listener does.
struct HookSocketFile {
    let path: String
    private var identity: (device: dev_t, inode: ino_t)?

    /// Makes way for a new socket: what a process left that is gone is removed; one that is in use, or any other file,
    /// is refused.
    init(_ path: String) throws(TapError) {
        self.path = path
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TapError("\(path) exists and is no socket; give another path with --listen")
        }
        switch Self.connectError(path) {
        case 0: throw TapError("\(path) is in use; stop what listens there or give another path with --listen")
        case ECONNREFUSED: unlink(path)
        case let error:
            throw TapError("\(path) exists and cannot be taken over: \(String(cString: strerror(error)))")
        }
    }

    /// To be called once it is bound, before anybody may connect.
    mutating func claim() throws(TapError) {
        var status = stat()
        guard chmod(self.path, 0o600) == 0, lstat(self.path, &status) == 0 else {
            throw TapError("\(self.path): \(String(cString: strerror(errno)))")
        }
        self.identity = (status.st_dev, status.st_ino)
    }

    /// Removes it, where nobody has put another one in its place.
    func remove() {
        var status = stat()
        guard let identity, lstat(self.path, &status) == 0, status.st_dev == identity.device,
            status.st_ino == identity.inode
        else { return }
        unlink(self.path)
    }

    /// 0 where somebody listens.
    private static func connectError(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(HookAddress.pathLimit)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? 0 : errno
    }
}
