import Foundation
import Glibc
import Synchronization

/// Starts programs, each in a process group of its own, so that a signal to the group reaches what it starts, too.
enum ChildProcess {
    /// Held while a pipe is made for one and the program started: what is open for one is not to be for another.
    static let spawning = Mutex<Void>(())

    /// It reads nothing, and has the signals of a fresh process.
    ///
    /// - Parameters:
    ///   - environment: beside what this process has.
    ///   - output: where its standard output goes; nil for nowhere.
    ///   - errors: likewise its standard error.
    static func spawn(
        _ command: [String], environment extra: [String: String] = [:], output: Int32?, errors: Int32?
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (source, target) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] where source != target {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_WRONLY, 0)
            }
        }
        Self.closeOthers(&actions)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)

        let environment = ProcessInfo.processInfo.environment.merging(extra) { $1 }
        let values = environment.map { "\($0.key)=\($0.value)" }
        var pid = pid_t()
        let failure = Self.withPointers(command) { arguments in
            Self.withPointers(values) { values in
                posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, values)
            }
        }
        guard failure == 0 else {
            throw ToolError(
                "\(command.first ?? ""): cannot be started: \(String(cString: strerror(failure)).lowercased())")
        }
        return pid
    }

    /// Sockets and files of this process are none of its business: a connection would stay open for as long as it lives.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        let opened = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Other threads open more meanwhile, which get the lowest free numbers.
        let end = (opened.compactMap { Int32($0) }.max() ?? STDERR_FILENO) + 256
        for descriptor in STDERR_FILENO + 1..<min(end, Int32(clamping: limit.rlim_cur)) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
    }

    /// Waits for its end. It stays a zombie, so that its number and its group's are nobody else's until it is reaped.
    static func waitUnreaped(_ pid: pid_t) -> End {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let value = info._sifields._sigchld.si_status
        return info.si_code == CLD_EXITED ? .exited(status: value) : .killed(signal: value)
    }

    /// Takes away what is left of one that has ended.
    static func reap(_ pid: pid_t) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    enum End: Equatable {
        case exited(status: Int32)
        case killed(signal: Int32)
    }

    private static func withPointers<Value>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
