import CPcap
import Glibc

/// What opening an interface needs, and giving it up again.
public enum Privileges {
    /// A user, as the system numbers them.
    struct User: Hashable, Sendable {
        var id: uid_t
        var group: gid_t
    }

    /// Why the files that are written belong to somebody else than who runs this; nil where nobody else does.
    ///
    /// - Parameters:
    ///   - real, effective: of this process.
    ///   - sudo: SUDO_UID and SUDO_GID, which sudo sets to who called it. Believed only where this runs as root and was
    ///     not made so by its own setuid bit: then anybody could have set them.
    static func invoker(real: User, effective: User, sudo: (user: String?, group: String?)) -> User? {
        if effective.id != real.id || effective.group != real.group { return real }
        guard real.id == 0, let user = sudo.user.flatMap(uid_t.init), let group = sudo.group.flatMap(gid_t.init),
            user != 0
        else { return nil }
        return User(id: user, group: group)
    }

    /// Becomes the invoking user for good, in all threads, and gives up the calling thread's capabilities. Does nothing
    /// for who is root without sudo.
    ///
    /// Threads that run already keep the capabilities that the program's file gave them, unless they call
    /// ``dropCapabilities()`` themselves.
    public static func drop() throws(TapError) {
        let invoker = Self.invoker(
            real: User(id: getuid(), group: getgid()), effective: User(id: geteuid(), group: getegid()),
            sudo: (getenv("SUDO_UID").map { String(cString: $0) }, getenv("SUDO_GID").map { String(cString: $0) }))
        if let invoker { try Self.become(invoker) }
        try Self.dropCapabilities()
    }

    /// Gives up the calling thread's capabilities; does nothing where root is who runs this.
    public static func dropCapabilities() throws(TapError) {
        guard getuid() == 0 || sioscope_drop_capabilities() == 0 else {
            throw TapError("cannot give up the capabilities: \(String(cString: strerror(errno)))")
        }
    }

    private static func become(_ user: User) throws(TapError) {
        // Groups first: who is not root any more may not change them. Root's own must not stay, where root it is.
        if getuid() == 0 {
            var group = user.group
            let entry = getpwuid(user.id)
            let result = entry.map { initgroups($0.pointee.pw_name, user.group) } ?? setgroups(1, &group)
            guard result == 0 else { throw Self.failed("groups", user) }
        }
        // Given both, these two change the saved id too.
        guard setregid(user.group, user.group) == 0 else { throw Self.failed("group", user) }
        guard setreuid(user.id, user.id) == 0 else { throw Self.failed("user", user) }
        // Proof that there is no way back.
        guard user.id == 0 || setuid(0) != 0 else { throw TapError("the privileges of root could not be given up") }
    }

    private static func failed(_ what: String, _ user: User) -> TapError {
        TapError(
            "cannot become the \(what) of user \(user.id), who called this: \(String(cString: strerror(errno)))")
    }

    // MARK: What is missing

    /// What to say where the system does not let this user open an interface.
    static func missing(for device: String, program: String?) -> TapError {
        let path = program ?? "PATH-OF-SIOSCOPE"
        return TapError(
            "no permission to capture on \(device); run this with sudo, or allow it once and for all: "
                + "sudo setcap cap_net_raw,cap_net_admin=eip \(Self.quoted(path))")
    }

    /// The file that runs, links resolved: capabilities belong to files.
    static var ownPath: String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// As a shell takes it for one word.
    static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+,:@%=".utf8.contains(byte)
            }
        }
        if isPlain, !path.isEmpty { return path }
        return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
