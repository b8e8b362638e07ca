internal import Foundation

/// Carries rows from one thread to another; what waits in it is bounded by its weight.
final class RecordingQueue<Item: Sendable>: @unchecked Sendable {
    private let limit: Int

    // Guards everything below.
    private let condition = NSCondition()
    private var items: [Item] = []
    private var weight = 0
    private var isClosed = false
    private var isBroken = false

    /// - Parameter limit: in bytes or so. A single item that weighs more gets in where nothing else waits.
    init(limit: Int) {
        self.limit = limit
    }

    /// Waits for room. False once the reader has given up, or nothing more is wanted.
    func push(_ item: Item, weight: Int) -> Bool {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.weight > 0, self.weight + weight > self.limit, !self.isBroken, !self.isClosed {
            self.condition.wait()
        }
        guard !self.isBroken, !self.isClosed else { return false }
        self.items.append(item)
        self.weight += weight
        self.condition.broadcast()
        return true
    }

    /// All that waits; empty where nothing came by that time. Nil when the queue is closed and empty.
    func popAll(until due: Date) -> [Item]? {
        self.condition.lock()
        defer { self.condition.unlock() }
        while self.items.isEmpty, !self.isClosed, self.condition.wait(until: due) {}
        if self.items.isEmpty, self.isClosed { return nil }
        defer { self.condition.broadcast() }
        (self.weight) = 0
        var items: [Item] = []
        swap(&items, &self.items)
        return items
    }

    /// No more comes.
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
            self.isClosed = true
            self.items.removeAll()
            self.condition.broadcast()
        }
    }
}
