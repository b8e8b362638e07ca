import Glibc
import Foundation

/// Writes to a file, pipe or socket on a thread of its own, so that who hands in never waits.
///
/// Memory: `limitBytes` of what is not written yet; what does not fit is dropped and counted. After an error of the
/// system nothing is written any more.
final class LineSink: @unchecked Sendable {
    private let descriptor: Int32
    private let limitBytes: Int
    private let ended = DispatchSemaphore(value: 0)

    // Guards everything below.
    private let condition = NSCondition()
    private var pending: [UInt8] = []
    private var isClosed = false
    private var hasFailed = false
    private var droppedCount: UInt64 = 0

    /// - Parameter descriptor: is closed with it.
    init(descriptor: Int32, limitBytes: Int) {
        self.descriptor = descriptor
        self.limitBytes = limitBytes
        let thread = Thread { [self] in
            self.run()
            self.ended.signal()
        }
        thread.name = "hook log"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// What was not written, for want of room or after an error.
    var dropped: UInt64 { self.condition.withLock { self.droppedCount } }

    /// Takes a line whole, or drops it whole.
    func push(_ line: String) {
        self.condition.withLock {
            guard !self.isClosed, !self.hasFailed, line.utf8.count <= self.limitBytes - self.pending.count else {
                self.droppedCount += 1
                return
            }
            self.pending.append(contentsOf: line.utf8)
            self.condition.signal()
        }
    }

    /// Writes what is left, and closes. Waits for it, but not for ever for a reader that takes nothing.
    func close(within seconds: Double = 5) {
        let isFirst = self.condition.withLock {
            defer { self.isClosed = true }
            self.condition.signal()
            return !self.isClosed
        }
        if isFirst { _ = self.ended.wait(timeout: .now() + seconds) }
    }

    private func run() {
        defer { Glibc.close(self.descriptor) }
        while true {
            var bytes: [UInt8] = []
            let isLast = self.condition.withLock {
                while self.pending.isEmpty, !self.isClosed { self.condition.wait() }
                swap(&bytes, &self.pending)
                return bytes.isEmpty
            }
            if isLast { return }
            guard self.write(bytes) else {
                self.condition.withLock {
                    self.hasFailed = true
                    self.pending = []
                }
                return
            }
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(self.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
