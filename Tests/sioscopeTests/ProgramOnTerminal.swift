import Foundation
import Testing

/// The built program with both of its streams on one pseudo terminal, as a user has it.
final class ProgramOnTerminal: @unchecked Sendable {
    private let process = Process()
    private let said = Said()

    /// What came so far; the thread that reads holds this alone.
    private final class Said: @unchecked Sendable {
        let condition = NSCondition()
        var bytes: [UInt8] = []
        var isEnded = false

        func read(_ master: Int32) {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = Foundation.read(master, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                self.condition.withLock {
                    // EIO: nobody has the other end any more.
                    if count > 0 { self.bytes += buffer[..<count] } else { self.isEnded = true }
                    self.condition.broadcast()
                }
                guard count > 0 else { break }
            }
            close(master)
        }
    }

    // Of asm-generic/ioctls.h, TIOCSPTLCK and TIOCGPTN: Swift does not see macros like these, nor posix_openpt.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init(_ arguments: [String], width: Int = 80) throws {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (number, locked): (UInt32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, Self.setLock, &locked) == 0, ioctl(master, Self.getNumber, &number) == 0 else {
            throw RunningProgram.Gone(description: "no pseudo terminal: \(String(cString: strerror(errno)))")
        }
        let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        var size = winsize(ws_row: 40, ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0 else {
            throw RunningProgram.Gone(description: "the terminal took no size: \(String(cString: strerror(errno)))")
        }
        let terminal = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments = ["--default-signal=INT,TERM", CommandTests.program.path] + arguments
        self.process.environment = ["LANG": "C.UTF-8", "TERM": "xterm", "PATH": "/usr/bin:/bin", "NO_COLOR": "1"]
        self.process.standardInput = FileHandle.nullDevice
        (self.process.standardOutput, self.process.standardError) = (terminal, terminal)
        try self.process.run()
        try terminal.close()
        let said = self.said
        Thread.detachNewThread { said.read(master) }
    }

    deinit {
        if self.process.isRunning { kill(self.process.processIdentifier, SIGKILL) }
    }

    func signal(_ number: Int32) { kill(self.process.processIdentifier, number) }

    /// All that came, in the order it came.
    var text: String { self.said.condition.withLock { String(decoding: self.said.bytes, as: UTF8.self) } }

    func waits(for text: String) throws {
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        while !self.text.contains(text) {
            let isOver = self.said.condition.withLock {
                self.said.isEnded || !self.said.condition.wait(until: limit)
            }
            guard !isOver || self.text.contains(text) else {
                throw RunningProgram.Gone(description: "\(text) did not come; said: \(self.text)")
            }
        }
    }

    /// Waits for its end.
    func end() throws -> Int32 {
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        let isEnded = self.said.condition.withLock {
            while !self.said.isEnded, self.said.condition.wait(until: limit) {}
            return self.said.isEnded
        }
        guard isEnded else { throw RunningProgram.Gone(description: "it does not end; said: \(self.text)") }
        self.process.waitUntilExit()
        return self.process.terminationStatus
    }

    /// The lines that a program shows which ends by itself.
    static func lines(_ arguments: [String], width: Int) throws -> [String] {
        let program = try ProgramOnTerminal(arguments, width: width)
        _ = try program.end()
        return program.text.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// What stands on the screen in the end: a terminal that knows CR, LF and "erase to the end of the line".
    static func screen(_ text: String) -> [String] {
        var lines: [[Character]] = [[]]
        var column = 0
        var rest = Array(text.replacingOccurrences(of: "\u{1B}[K", with: "\u{0}").unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": lines.append([])
            case "\u{0}": lines[lines.count - 1].removeLast(max(0, lines[lines.count - 1].count - column))
            default:
                var line = lines.removeLast()
                line += repeatElement(" ", count: max(0, column - line.count))
                if column < line.count { line[column] = Character(scalar) } else { line.append(Character(scalar)) }
                lines.append(line)
                column += 1
            }
        }
        return lines.map { String($0) }
    }
}
