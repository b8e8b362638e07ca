import Foundation

/// Writes lines on a thread of its own, so that who has something to say never waits for who reads it.
///
/// Memory: `limitBytes` of what is not written yet. A line that does not fit is left out whole, and counted.
final class LineQueue: @unchecked Sendable {
    /// Room is given back, and progress seen, in portions of so many bytes.
    private static let portionBytes = 1 << 14
    /// What a line takes beside its bytes.
    private static let lineBytes = 16

    private let limitBytes: Int
    private let write: (String) throws -> Void
    private let failed: () -> Void

    // Guards everything below.
    private let condition = NSCondition()
    private var waiting: [String] = []
    /// Of those that wait, and those that the thread is about to write.
    private var held = (lines: 0, bytes: 0)
    private var leftOut = 0
    private var isClosed = false
    private var hasFailed = false

    /// - Parameters:
    ///   - write: whole lines, on the queue's own thread; it may wait. Behind an error nothing is written any more.
    ///   - failed: called once, on that thread.
    init(
        name: String, limitBytes: Int, write: @escaping @Sendable (String) throws -> Void,
        failed: @escaping @Sendable () -> Void = {}
    ) {
        self.limitBytes = limitBytes
        self.write = write
        self.failed = failed
        let thread = Thread { [self] in self.run() }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Never waits. False where the line is left out.
    @discardableResult
    func push(_ line: String) -> Bool {
        let bytes = line.utf8.count + Self.lineBytes
        return self.condition.withLock {
            // Nobody reads any more, and nobody misses it.
            guard !self.hasFailed else { return true }
            guard !self.isClosed, bytes <= self.limitBytes - self.held.bytes else {
                self.leftOut += 1
                return false
            }
            self.waiting.append(line)
            self.held = (self.held.lines + 1, self.held.bytes + bytes)
            self.condition.broadcast()
            return true
        }
    }

    /// Waits until all that was pushed is written: no longer than `total`, and no longer than `stalled` while nothing of
    /// it is taken; both in seconds.
    ///
    /// - Returns: false where something is not written.
    @discardableResult
    func drain(total: Double, stalled: Double) -> Bool {
        let due = Date(timeIntervalSinceNow: total)
        return self.condition.withLock {
            while self.held.lines > 0, !self.hasFailed {
                let before = self.held.bytes
                let next = min(due, Date(timeIntervalSinceNow: stalled))
                while self.held.bytes == before, !self.hasFailed {
                    guard self.condition.wait(until: next) else { return false }
                }
            }
            return true
        }
    }

    /// Takes no more, and waits as `drain` does.
    ///
    /// - Returns: how many lines were, and will be, left out.
    func close(total: Double, stalled: Double) -> Int {
        self.condition.withLock {
            self.isClosed = true
            self.condition.broadcast()
        }
        self.drain(total: total, stalled: stalled)
        return self.condition.withLock { self.leftOut + (self.hasFailed ? 0 : self.held.lines) }
    }

    // MARK: The thread

    private func run() {
        while true {
            var lines: [String] = []
            self.condition.withLock {
                while self.waiting.isEmpty, !self.isClosed { self.condition.wait() }
                swap(&lines, &self.waiting)
            }
            guard !lines.isEmpty else { return }
            do {
                try self.writeAll(lines)
            } catch {
                self.condition.withLock {
                    (self.hasFailed, self.waiting, self.held) = (true, [], (0, 0))
                    self.condition.broadcast()
                }
                return self.failed()
            }
        }
    }

    private func writeAll(_ lines: [String]) throws {
        var portion = (text: "", lines: 0)
        for line in lines {
            portion.text += line
            portion.lines += 1
            if portion.text.utf8.count >= Self.portionBytes {
                try self.write(portion)
                portion = ("", 0)
            }
        }
        if portion.lines > 0 { try self.write(portion) }
    }

    private func write(_ portion: (text: String, lines: Int)) throws {
        try self.write(portion.text)
        let bytes = portion.text.utf8.count + portion.lines * Self.lineBytes
        self.condition.withLock {
            self.held = (self.held.lines - portion.lines, self.held.bytes - bytes)
            self.condition.broadcast()
        }
    }
}
