internal import Foundation

/// Carries batches from one thread to another; holds a few, so that neither waits for the other in the common case and
/// memory stays bounded.
public final class BatchQueue<Batch: Sendable>: @unchecked Sendable {
    private let depth = 4

    // Guards everything below.
    private let condition = NSCondition()
    private var batches: [Batch] = []
    private var isClosed = false
    private var isBroken = false

    public init() {}

    /// Waits for room. False once the reader has given up.
    public func push(_ batch: consuming Batch) -> Bool {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.batches.count >= self.depth, !self.isBroken { self.condition.wait() }
        guard !self.isBroken else { return false }
        self.batches.append(batch)
        self.condition.signal()
        return true
    }

    /// The next batch; nil when the queue is closed and empty.
    public func pop() -> Batch? {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.batches.isEmpty, !self.isClosed { self.condition.wait() }
        guard !self.batches.isEmpty else { return nil }
        defer { self.condition.signal() }
        return self.batches.removeFirst()
    }

    /// No more batches come.
    public func close() {
        self.condition.withLock {
            self.isClosed = true
            self.condition.broadcast()
        }
    }

    /// The reader cannot go on; what is pushed from now on is refused.
    public func breakOff() {
        self.condition.withLock {
            self.isBroken = true
            self.batches.removeAll()
            self.condition.broadcast()
        }
    }
}
