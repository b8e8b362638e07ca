import Foundation
import Glibc
import Synchronization

/// A client under test as a process of its own, in a process group of its own, with all that it starts.
///
/// Its output goes to stderr, for stdout is the replay's, up to a limit. Whatever it started is found by its group, and by a mark in
/// its environment where it left the group.
final class ClientProcess: Sendable {
    typealias End = ReplayReport.Process.End

    /// What a process has to end after SIGTERM before it gets SIGKILL, in seconds.
    private static let patience = 2.0
    private static let mark = "SIOSCOPE_REPLAY"

    /// One at a time: what is open for one program is not to be for another.
    private static let spawning = Mutex<Void>(())
    /// Those that run, for a second signal that ends this process at once.
    private static let running = Mutex<[pid_t: String]>([:])

    let command: [String]
    /// What it printed; nil where that goes nowhere.
    private let output: ClientOutput?
    private let pid: pid_t
    private let token: String
    private let exited = DispatchSemaphore(value: 0)
    private let state = Mutex<State>(State())

    private struct State {
        var end: End?
        var wasEnded = false
    }

    /// - Parameters:
    ///   - command: with `{url}`, `{host}` and `{port}` anywhere in it.
    ///   - environment: beside what this process has.
    ///   - isQuiet: what it prints goes nowhere.
    ///   - ended: called once, on another thread, when the process has ended.
    init(
        _ command: [String], at address: ClientAddress, environment: [String: String] = [:], isQuiet: Bool = false,
        ended: @escaping @Sendable () -> Void
    ) throws {
        self.command = command
        let token = UUID().uuidString
        self.token = token
        (self.pid, self.output) = try Self.spawning.withLock { _ in
            let output = isQuiet ? nil : try ClientOutput()
            let result = Result {
                try Self.spawn(command.map(address.fill), environment, token, output: output?.writeEnd)
            }
            output?.closeWriteEnd()
            if case .failure = result { _ = output?.finish() }
            return (try result.get(), output)
        }
        Self.running.withLock { [pid] in $0[pid] = token }
        Thread.detachNewThread { [self] in
            // It stays a zombie, so that its number and its group's are nobody else's until `stop`.
            var info = siginfo_t()
            while waitid(P_PID, id_t(self.pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            let value = info._sifields._sigchld.si_status
            let hasExited = info.si_code == CLD_EXITED
            self.state.withLock { $0.end = hasExited ? .exited(status: value) : .killed(signal: value) }
            self.exited.signal()
            ended()
        }
    }

    /// How it ended by itself; nil where it runs, or was ended.
    var end: End? { self.state.withLock { $0.wasEnded ? nil : $0.end } }

    /// Ends it where it still runs, and everything that it started. To be called once.
    ///
    /// - Parameter after: time that it has to end by itself, in seconds.
    /// - Returns: how it ended, and how much it printed.
    func stop(after: Double = 0) -> (end: End, printed: ClientOutput.Count) {
        if after > 0, self.exited.wait(timeout: .now() + after) == .success { self.exited.signal() }
        let own = self.state.withLock { state in
            state.wasEnded = state.end == nil
            return state.end
        }
        self.signal(SIGTERM)
        let due = Date(timeIntervalSinceNow: Self.patience)
        if own == nil, self.exited.wait(timeout: .now() + Self.patience) == .timedOut {
            self.signal(SIGKILL)
            self.exited.wait()
        }
        // What it left behind has as long.
        while self.hasSurvivors, Date() < due { usleep(10_000) }
        self.signal(SIGKILL)
        var status: Int32 = 0
        // It is dead by now, and its number not yet anybody else's.
        Self.running.withLock { $0[self.pid] = nil }
        while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
        return (own ?? .ended, self.output?.finish() ?? ClientOutput.Count())
    }

    /// Ends all that run, with what they started, at once: this process is about to end.
    static func killAll() {
        self.running.withLock { running in
            for (pid, token) in running { Self.signal(SIGKILL, to: pid, token) }
        }
    }

    private func signal(_ number: Int32) { Self.signal(number, to: self.pid, self.token) }

    private static func signal(_ number: Int32, to pid: pid_t, _ token: String) {
        _ = kill(-pid, number)
        for pid in self.marked(token) { _ = kill(pid, number) }
    }

    private var hasSurvivors: Bool { !Self.marked(self.token).isEmpty }

    /// All processes that carry the mark, zombies not: those have no environment any more.
    private static func marked(_ token: String) -> [pid_t] {
        let wanted = Array("\(self.mark)=\(token)".utf8)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return [] }
        return names.compactMap { name in
            guard let pid = pid_t(name), let bytes = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
                bytes.split(separator: 0).contains(where: { $0.elementsEqual(wanted) })
            else { return nil }
            return pid
        }
    }

    private static func spawn(
        _ command: [String], _ extra: [String: String], _ token: String, output: Int32?
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)

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

        var environment = ProcessInfo.processInfo.environment
        environment.merge(extra) { $1 }
        environment[Self.mark] = token
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

    private static func withPointers<Value>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
