import Glibc

/// Where a hook log goes: a file, `unix:PATH` for a socket, or `tcp:HOST:PORT`.
struct SinkTarget {
    /// Opens it. The descriptor is the caller's.
    static func open(_ target: String) throws(HookLogSinkError) -> Int32 {
        if target.hasPrefix("unix:") { return try self.unixSocket(String(target.dropFirst(5)), target) }
        if target.hasPrefix("tcp:") { return try self.tcp(target.dropFirst(4), target) }
        // Nobody else's eyes: there are tokens in it.
        let descriptor = Glibc.open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HookLogSinkError(target, errno) }
        return descriptor
    }

    private static func unixSocket(_ path: String, _ target: String) throws(HookLogSinkError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= room else { throw HookLogSinkError(target, ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HookLogSinkError(target, errno) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw Self.closing(descriptor, target) }
        return descriptor
    }

    private static func tcp(_ authority: Substring, _ target: String) throws(HookLogSinkError) -> Int32 {
        guard let colon = authority.lastIndex(of: ":") else { throw HookLogSinkError(target, EINVAL) }
        let host = authority[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(String(host), String(authority[authority.index(after: colon)...]), &hints, &first) == 0
        else { throw HookLogSinkError(target, EADDRNOTAVAIL) }
        defer { freeaddrinfo(first) }
        var next = first
        var failure = EADDRNOTAVAIL
        while let address = next?.pointee {
            let descriptor = socket(address.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            if descriptor >= 0 {
                if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
                failure = errno
                Glibc.close(descriptor)
            }
            next = address.ai_next
        }
        throw HookLogSinkError(target, failure)
    }

    private static func closing(_ descriptor: Int32, _ target: String) -> HookLogSinkError {
        let error = HookLogSinkError(target, errno)
        Glibc.close(descriptor)
        return error
    }
}

/// A hook log cannot be written where it should.
public struct HookLogSinkError: Error, Equatable, Sendable, CustomStringConvertible {
    public let target: String
    public let reason: String

    init(_ target: String, _ code: Int32) {
        self.target = target
        self.reason = String(cString: strerror(code))
    }

    public var description: String { "hook log \(self.target): \(self.reason)" }
}
