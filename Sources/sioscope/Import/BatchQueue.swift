import Foundation
import TimelineModel

/// Carries batches from the thread that decodes to the thread that writes; holds a few, so that neither waits for the
/// other in the common case and memory stays bounded.
final class BatchQueue: @unchecked Sendable {
    private static let depth = 4

    // Guards everything below.
    private let condition = NSCondition()
    private var batches: [TimelineBatch] = []
    private var isClosed = false
    private var isBroken = false

    /// Waits for room. False once the reader has given up.
    func push(_ batch: consuming TimelineBatch) -> Bool {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.batches.count >= Self.depth, !self.isBroken { self.condition.wait() }
        guard !self.isBroken else { return false }
        self.batches.append(batch)
        self.condition.signal()
        return true
    }

    /// The next batch; nil when the queue is closed and empty.
    func pop() -> TimelineBatch? {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.batches.isEmpty, !self.isClosed { self.condition.wait() }
        guard !self.batches.isEmpty else { return nil }
        defer { self.condition.signal() }
        return self.batches.removeFirst()
    }

    /// No more batches come.
    func close() {
        self.condition.withLock {
            self.isClosed = true
            self.condition.broadcast()
        }
    }

    /// The reader cannot go on; what is pushed from now on is refused.
    func breakOff() {
        self.condition.withLock {
            self.isBroken = true
            self.batches.removeAll()
            self.condition.broadcast()
        }
    }
}
