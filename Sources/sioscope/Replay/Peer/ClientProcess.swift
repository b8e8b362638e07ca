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
        (self.pid, self.output) = try ChildProcess.spawning.withLock { _ in
            let output = isQuiet ? nil : try ClientOutput()
            let result = Result {
                var environment = environment
                environment[Self.mark] = token
                return try ChildProcess.spawn(
                    command.map(address.fill), environment: environment, output: output?.writeEnd,
                    errors: output?.writeEnd)
            }
            output?.closeWriteEnd()
            if case .failure = result { _ = output?.finish() }
            return (try result.get(), output)
        }
        Self.running.withLock { [pid] in $0[pid] = token }
        Thread.detachNewThread { [self] in
            // It is reaped by `stop`.
            let end: End =
                switch ChildProcess.waitUnreaped(self.pid) {
                case .exited(let status): .exited(status: status)
                case .killed(let signal): .killed(signal: signal)
                }
            self.state.withLock { $0.end = end }
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
        // It is dead by now, and its number not yet anybody else's.
        Self.running.withLock { $0[self.pid] = nil }
        ChildProcess.reap(self.pid)
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
}
