import Foundation
import Testing

/// The built program while it runs: what it says is read as it comes, and can be waited for.
final class RunningProgram: @unchecked Sendable {
    enum Stream: Int { case output, talk }

    struct Gone: Error, CustomStringConvertible { var description: String }

    /// Only what never comes takes so long.
    static let patience: TimeInterval = 60

    private let process = Process()
    private let said = Said()
    private let readers = DispatchGroup()

    /// What came so far. The threads that read hold this alone, so that the program goes with its test.
    private final class Said: @unchecked Sendable {
        let condition = NSCondition()
        var texts = ["", ""]
        var ended = 0

        func read(_ handle: FileHandle, _ index: Int) {
            var bytes: [UInt8] = []
            while true {
                let data = handle.availableData
                guard !data.isEmpty else { break }
                bytes += data
                // Whole lines only, so that no character is cut.
                guard let end = bytes.lastIndex(of: 0x0A) else { continue }
                let text = String(decoding: bytes[...end], as: UTF8.self)
                bytes.removeSubrange(...end)
                self.add(text, index, isLast: false)
            }
            self.add(String(decoding: bytes, as: UTF8.self), index, isLast: true)
        }

        private func add(_ text: String, _ index: Int, isLast: Bool) {
            self.condition.withLock {
                self.texts[index] += text
                if isLast { self.ended += 1 }
                self.condition.broadcast()
            }
        }
    }

    /// - Parameter command: another program that is given the program's path and arguments.
    init(_ arguments: [String], through command: [String] = []) throws {
        let pipes = [Pipe(), Pipe()]
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // A test run in the background has SIGINT ignored, and so would all it starts.
        self.process.arguments = ["--default-signal=INT,TERM,HUP"] + command + [CommandTests.program.path] + arguments
        self.process.environment = [
            "LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFTNIO_STRICT": "1",
        ]
        self.process.standardInput = FileHandle.nullDevice
        (self.process.standardOutput, self.process.standardError) = (pipes[0], pipes[1])
        try self.process.run()
        for (index, pipe) in pipes.enumerated() {
            let handle = pipe.fileHandleForReading
            let (said, readers) = (self.said, self.readers)
            readers.enter()
            Thread.detachNewThread {
                said.read(handle, index)
                readers.leave()
            }
        }
    }

    deinit {
        if self.process.isRunning { kill(self.id, SIGKILL) }
    }

    var id: Int32 { self.process.processIdentifier }
    var isRunning: Bool { self.process.isRunning }

    func text(_ stream: Stream) -> String {
        self.said.condition.withLock { self.said.texts[stream.rawValue] }
    }

    func lines(_ stream: Stream) -> [String] {
        self.text(stream).split(separator: "\n").map(String.init)
    }

    /// Waits until a text has come.
    func waits(for text: String, on stream: Stream = .talk) throws {
        let limit = Date(timeIntervalSinceNow: Self.patience)
        let (found, all) = self.said.condition.withLock {
            while !self.said.texts[stream.rawValue].contains(text) {
                guard self.said.ended < 2, self.said.condition.wait(until: limit) else { break }
            }
            return (self.said.texts[stream.rawValue].contains(text), self.said.texts)
        }
        guard found else { throw Gone(description: "\(text) did not come; said: \(all)") }
    }

    func signal(_ number: Int32) { kill(self.id, number) }

    /// Waits for its end.
    func end() throws -> Int32 {
        guard self.readers.wait(timeout: .now() + Self.patience) == .success else {
            self.signal(SIGKILL)
            throw Gone(description: "it does not end; said: \(self.said.condition.withLock { self.said.texts })")
        }
        self.process.waitUntilExit()
        return self.process.terminationStatus
    }
}
