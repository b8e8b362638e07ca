import Foundation
import Glibc
import Testing

@testable import sioscope

@Suite("Commands of the user's shell", .timeLimit(.minutes(5)))
struct ShellCommandTests {
    /// Far above what any test waits for.
    private static let ever = "600"

    /// A folder with a pipe that a command and all that it starts hold open as long as they live.
    private final class Leash {
        let folder: URL
        private var lock: String { self.folder.appendingPathComponent("held").path }

        init() throws {
            self.folder = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: false)
            // A reader sees its end once the last writer is gone.
            for path in [self.lock, self.begun] { try #require(mkfifo(path, 0o600) == 0) }
        }

        deinit { try? FileManager.default.removeItem(at: self.folder) }

        private var begun: String { self.folder.appendingPathComponent("begun").path }

        /// For a command: that it has come so far. It does not go on before that is heard.
        var saysSo: String { "echo >'\(self.begun)'; " }

        /// For a command: from now on it and what it starts hold the leash.
        var isHeld: String { "exec 9>'\(self.lock)'; " }

        func waitForBegin() throws { try Self.waitForByte(self.begun) }

        /// Without a thread that other tasks, such as the one that is to begin, may have to run on.
        func begins() async throws {
            let begun = self.begun
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread { continuation.resume(with: Result { try Self.waitForByte(begun) }) }
            }
        }

        private static func waitForByte(_ path: String) throws {
            let reader = open(path, O_RDONLY)
            try #require(reader >= 0)
            defer { close(reader) }
            var byte: UInt8 = 0
            try #require(read(reader, &byte, 1) == 1)
        }

        /// Waits for the end of all who hold it, whom `body` starts.
        func waitForRelease(_ body: () async throws -> Void) async throws {
            let reader = try self.reader()
            defer { close(reader) }
            try await body()
            self.waitForRelease(reader)
        }

        func waitForRelease(_ body: () throws -> Void) throws {
            let reader = try self.reader()
            defer { close(reader) }
            try body()
            self.waitForRelease(reader)
        }

        private func reader() throws -> Int32 {
            let reader = open(self.lock, O_RDONLY | O_NONBLOCK)
            return try #require(reader >= 0 ? reader : nil)
        }

        private func waitForRelease(_ reader: Int32) {
            var polled = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            #expect(poll(&polled, 1, 60_000) == 1)
            #expect(Int32(polled.revents) & POLLHUP != 0)
        }
    }

    /// A shell and what it starts, that hold the leash.
    private static func hold(_ leash: Leash, _ begin: String = "", then: String = "") -> String {
        "\(begin)\(leash.isHeld)\(then)sleep \(Self.ever); echo no"
    }

    @Test("what it prints comes back, whatever it leaves behind")
    func output() async throws {
        #expect(try await ShellCommand.output(of: "printf 'a\\nb'", within: 60) == "a\nb")
        #expect(try await ShellCommand.output(of: "exec >&-", within: 60) == "")
        // A child in the background that prints elsewhere is nobody's concern.
        let pid = try await ShellCommand.output(of: "sleep \(Self.ever) >/dev/null & echo $!", within: 60)
        let number = try #require(pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(number, 0) == 0)
        kill(number, SIGKILL)
    }

    @Test(
        "its time is up: it ends with all that it started, also where that does not heed SIGTERM",
        arguments: ["", "trap '' TERM; ", "exec >&-; "])
    func late(_ begin: String) async throws {
        let leash = try Leash()
        try await leash.waitForRelease {
            await #expect(throws: ShellCommand.Failure.late(seconds: 0.3)) {
                try await ShellCommand.output(of: Self.hold(leash, begin), within: 0.3)
            }
        }
    }

    @Test("one that holds its output from outside of its group is not waited for")
    func escaped() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        await #expect(throws: ShellCommand.Failure.late(seconds: 0.5)) {
            try await ShellCommand.output(
                of: "setsid sh -c 'echo $$ >\"\(folder.path)\"; exec sleep \(Self.ever)' & exit 0", within: 0.5)
        }
        let text = try String(contentsOf: folder, encoding: .utf8)
        kill(try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
    }

    @Test("a task that is cancelled ends it")
    func cancelled() async throws {
        let leash = try Leash()
        try await leash.waitForRelease {
            let command = Self.hold(leash, then: leash.saysSo)
            let task = Task { try await ShellCommand.output(of: command, within: 600) }
            try await leash.begins()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(
        "a recording that waits for one ends at once, and leaves none behind",
        arguments: [(SIGINT, ["--duration", "600"], 130), (0, ["--duration", "1"], 2)] as [(Int32, [String], Int32)])
    func recording(_ signal: Int32, _ arguments: [String], _ status: Int32) throws {
        let leash = try Leash()
        try leash.waitForRelease {
            // It asks for auth before it connects: nobody has to listen there.
            let program = try RunningProgram(
                [
                    "record", "client", "ws://127.0.0.1:1", "-o", "\(leash.folder.path)/t.db", "--auth",
                    "exec:" + Self.hold(leash, "trap '' TERM; ", then: leash.saysSo),
                ] + arguments)
            try leash.waitForBegin()
            let began = ContinuousClock.now
            if signal != 0 { program.signal(signal) }
            #expect(try program.end() == status)
            // A handler that hangs is waited for 10 s.
            #expect(ContinuousClock.now - began < .seconds(9))
        }
    }

    @Test("it has no file of this process open")
    func files() async throws {
        var pipe: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&pipe) == 0)
        defer { for descriptor in pipe { close(descriptor) } }
        let command = pipe.map { "test -e /proc/$$/fd/\($0) && echo \($0); " }.joined() + "echo none"
        #expect(try await ShellCommand.output(of: command, within: 60) == "none\n")
    }

    @Test("one that floods is ended")
    func flood() async {
        await #expect(throws: ShellCommand.Failure.tooMuch) { try await ShellCommand.output(of: "yes", within: 60) }
    }
}
