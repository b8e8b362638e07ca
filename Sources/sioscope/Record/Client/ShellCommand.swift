import Foundation
import Glibc
import Synchronization

/// A command of the user's shell whose output is wanted. It ends, with all that it started, when its time is up, when
/// the task that waits is cancelled, and when this process ends; what it leaves behind when it ends by itself stays.
///
/// Memory: its output, at most `outputLimit` bytes.
final class ShellCommand: Sendable {
    enum Failure: Error, Equatable, CustomStringConvertible {
        case cannotStart(String)
        case status(Int32)
        case signal(Int32)
        case late(seconds: Double)
        case tooMuch

        var description: String {
            switch self {
            case .cannotStart(let reason): reason
            case .status(let status): "it ended with status \(status)"
            case .signal(let number): "it ended with signal \(number)"
            case .late(let seconds): "it did not end within \(seconds.formatted()) s"
            case .tooMuch: "it printed more than \(ShellCommand.outputLimit) bytes"
            }
        }
    }

    static let outputLimit = 1 << 20
    /// What it has to end after SIGTERM before it gets SIGKILL, in seconds.
    private static let patience = 1.0
    private static let (stopByte, exitByte): (UInt8, UInt8) = (0, 1)

    /// Those that are not reaped: a number in here is nobody else's.
    private static let running = Mutex<[pid_t: ShellCommand]>([:])
    private static let work = DispatchGroup()

    private let pid: pid_t
    private let output: Int32
    /// Says to the thread that reads what happens beside the output.
    private let bell: (read: Int32, write: Int32)

    /// What the command printed, once it has ended with status 0.
    static func output(of command: String, within seconds: Double) async throws -> String {
        let shell = try ShellCommand(command)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Waits, which a task must not.
                Thread.detachNewThread {
                    continuation.resume(with: Result { try shell.read(within: seconds) })
                    Self.work.leave()
                }
            }
        } onCancel: {
            shell.stop()
        }
    }

    /// Ends all that run; returns once they have ended.
    static func stopAll() {
        let all = Self.running.withLock { Array($0.values) }
        for shell in all { shell.stop() }
        _ = self.work.wait(timeout: .now() + 2 * self.patience)
    }

    /// Ends all that run at once: this process is about to end.
    static func killAll() {
        self.running.withLock { for pid in $0.keys { _ = kill(-pid, SIGKILL) } }
    }

    private init(_ command: String) throws {
        (self.pid, self.output, self.bell) = try ChildProcess.spawning.withLock { _ in
            let (output, bell) = (try Self.pipe(), try Self.pipe())
            defer { close(output.write) }
            do {
                let pid = try ChildProcess.spawn(
                    ["/bin/sh", "-c", command], output: output.write, errors: STDERR_FILENO)
                return (pid, output.read, bell)
            } catch {
                for end in [output.read, bell.read, bell.write] { close(end) }
                throw error
            }
        }
        Self.work.enter()
        Self.running.withLock { $0[self.pid] = self }
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else {
            throw Failure.cannotStart("it cannot be started: \(String(cString: strerror(errno)).lowercased())")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private func stop() { self.ring(Self.stopByte) }

    private func ring(_ byte: UInt8) {
        Self.running.withLock { running in
            guard running[self.pid] != nil else { return }
            var byte = byte
            _ = write(self.bell.write, &byte, 1)
        }
    }

    private func signal(_ number: Int32) {
        Self.running.withLock { running in
            if running[self.pid] != nil { _ = kill(-self.pid, number) }
        }
    }

    // MARK: The thread that reads

    private func read(within seconds: Double) throws -> String {
        let end = Mutex<ChildProcess.End?>(nil)
        let waited = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let how = ChildProcess.waitUnreaped(self.pid)
            end.withLock { $0 = how }
            self.ring(Self.exitByte)
            waited.signal()
        }
        let (bytes, failure) = self.read(until: .now + .seconds(seconds)) { .late(seconds: seconds) }
        // Given up: nothing of it is to stay.
        if failure != nil { self.signal(SIGKILL) }
        waited.wait()
        Self.running.withLock { $0[self.pid] = nil }
        ChildProcess.reap(self.pid)
        for end in [self.output, self.bell.read, self.bell.write] { close(end) }
        if let failure { throw failure }
        switch end.withLock({ $0 }) {
        case .exited(0)?, nil: return String(decoding: bytes, as: UTF8.self)
        case .exited(let status)?: throw Failure.status(status)
        case .killed(let number)?: throw Failure.signal(number)
        }
    }

    /// Until it has ended and nobody holds its output any more; given up, a little longer at most.
    private func read(
        until due: ContinuousClock.Instant, late: () -> Failure
    ) -> (bytes: [UInt8], failure: (any Error)?) {
        var (due, bytes, failure) = (due, [UInt8](), (any Error)?.none)
        var (isOpen, hasEnded) = (true, false)
        func giveUp(_ reason: any Error) {
            guard failure == nil else { return }
            failure = reason
            self.signal(SIGTERM)
            due = .now + .seconds(Self.patience)
        }
        while isOpen || !hasEnded {
            let left = due - .now
            if left <= .zero {
                if failure != nil { break }
                giveUp(late())
                continue
            }
            var polled = [
                // A negative one is not looked at.
                pollfd(fd: isOpen ? self.output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: self.bell.read, events: Int16(POLLIN), revents: 0),
            ]
            // Rounded up, so that it does not turn round in the last millisecond.
            _ = poll(&polled, 2, Int32(clamping: Int64((left / .milliseconds(1)).rounded(.up))))
            if polled[1].revents != 0 {
                var byte = Self.stopByte
                _ = Glibc.read(self.bell.read, &byte, 1)
                if byte == Self.exitByte { hasEnded = true } else { giveUp(CancellationError()) }
            }
            if polled[0].revents != 0 {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = Glibc.read(self.output, &buffer, buffer.count)
                if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { isOpen = false }
                if bytes.count > Self.outputLimit {
                    bytes = []
                    giveUp(Failure.tooMuch)
                }
            }
        }
        return (bytes, failure)
    }
}
