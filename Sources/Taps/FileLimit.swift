import Glibc

/// The number of descriptors that this process may open: each connection takes one or two, and the usual limit is 1,024.
public enum FileLimit {
    /// What a recording has open beside the connections of its clients: the timeline, also to read it once more at the
    /// end, the event loop, the resolver of names, and for a moment clients that there is no room for.
    static let others = 64

    /// How many may be open at once.
    public static var current: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    /// As far as the system allows.
    public static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
