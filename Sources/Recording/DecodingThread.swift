internal import Foundation

/// Decodes what a tap sees on a thread of its own, so that the tap never waits for the decoder.
///
/// Events wait in a queue whose bytes are bounded; what does not fit is refused, for the tap to count and to tell the
/// door as a gap.
public final class DecodingThread<Event: Sendable>: @unchecked Sendable {
    private let limitBytes: Int
    private let handle: (Event) -> Void
    private let tick: () -> Void
    private let ended = DispatchSemaphore(value: 0)

    // Guards everything below.
    private let condition = NSCondition()
    private var events: [(event: Event, bytes: Int)] = []
    private var bytes = 0
    private var isClosed = false

    /// - Parameters:
    ///   - handle: takes one event.
    ///   - tick: called four times a second and once at the end: hands over what is ready.
    public init(
        name: String, limitBytes: Int = 64 << 20, handle: @escaping @Sendable (Event) -> Void,
        tick: @escaping @Sendable () -> Void
    ) {
        self.limitBytes = limitBytes
        self.handle = handle
        self.tick = tick
        let thread = Thread { [self] in
            self.run()
            self.ended.signal()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Never waits. False where the queue is full, or stopped.
    public func push(_ event: Event, bytes: Int) -> Bool {
        self.condition.withLock {
            guard !self.isClosed, self.bytes + bytes <= self.limitBytes else { return false }
            self.bytes += bytes
            self.events.append((event, bytes))
            if self.events.count == 1 { self.condition.signal() }
            return true
        }
    }

    /// Waits until all events are handled.
    public func stop() {
        self.condition.withLock {
            self.isClosed = true
            self.condition.signal()
        }
        self.ended.wait()
    }

    private func run() {
        let interval = 0.25
        var nextTick = Date(timeIntervalSinceNow: interval)
        while true {
            var taken: [(event: Event, bytes: Int)] = []
            let isLast = self.condition.withLock {
                while self.events.isEmpty, !self.isClosed, self.condition.wait(until: nextTick) {}
                swap(&taken, &self.events)
                return self.isClosed && taken.isEmpty
            }
            for (event, bytes) in taken {
                self.handle(event)
                self.condition.withLock { self.bytes -= bytes }
            }
            if isLast || Date() >= nextTick {
                self.tick()
                nextTick = Date(timeIntervalSinceNow: interval)
            }
            if isLast { return }
        }
    }
}
