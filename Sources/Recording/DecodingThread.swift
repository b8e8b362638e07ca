internal import Foundation

/// Decodes what a tap sees on a thread of its own, so that the tap never waits for the decoder.
///
/// The thread works in strokes, for to wake it costs the tap more than to queue an event: the first event of a quiet time
/// wakes it, what follows is left to gather for a tenth of a second. Few long strokes also keep the processors for who
/// sends and who answers: strokes of 10 ms held up one round trip through the proxy in a hundred.
///
/// Events wait in a queue whose bytes are bounded; what does not fit is refused, for the tap to count and to tell the
/// door as a gap.
public final class DecodingThread<Event: Sendable>: @unchecked Sendable {
    /// What the thread does, and so what wakes it.
    private enum Activity {
        /// Until the next event, or tick.
        case waiting
        /// Lets events gather; only many of them wake it.
        case gathering
        case working
    }

    private static var tickInterval: TimeInterval { 0.25 }
    /// Room is given back in portions of so many bytes, for each takes the lock that `push` needs.
    private static var portionBytes: Int { 1 << 16 }

    private let limitBytes: Int
    private let gatheringSeconds: Double
    private let handle: (Event) -> Void
    private let tick: () -> Void
    private let ended = DispatchSemaphore(value: 0)

    // Guards everything below.
    private let condition = NSCondition()
    private var activity = Activity.working
    private var events: [(event: Event, bytes: Int)] = []
    private var bytes = 0
    private var isClosed = false
    /// The next stroke is not put off.
    private var isAwaited = false

    /// - Parameters:
    ///   - gatheringSeconds: how long events gather before a stroke.
    ///   - handle: takes one event.
    ///   - tick: called four times a second and once at the end: hands over what is ready.
    public init(
        name: String, limitBytes: Int = 64 << 20, gatheringSeconds: Double = 0.1,
        handle: @escaping @Sendable (Event) -> Void, tick: @escaping @Sendable () -> Void
    ) {
        self.limitBytes = limitBytes
        self.gatheringSeconds = gatheringSeconds
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
            switch self.activity {
            case .waiting: self.wake()
            case .gathering where self.bytes > self.limitBytes / 4: self.wake()
            case .gathering, .working: break
            }
            return true
        }
    }

    /// Ends the gathering, where who pushed waits for what it pushed.
    public func hurry() {
        self.condition.withLock {
            self.isAwaited = true
            if case .gathering = self.activity { self.wake() }
        }
    }

    /// Waits until all events are handled.
    public func stop() {
        self.condition.withLock {
            self.isClosed = true
            self.wake()
        }
        self.ended.wait()
    }

    private func wake() {
        self.activity = .working
        self.condition.signal()
    }

    // MARK: The thread

    private func run() {
        var nextTick = Date(timeIntervalSinceNow: Self.tickInterval)
        while true {
            let taken = self.take(until: nextTick)
            self.handle(taken)
            let isLast = taken.isEmpty && self.condition.withLock { self.isClosed && self.events.isEmpty }
            if isLast || Date() >= nextTick {
                self.tick()
                nextTick = Date(timeIntervalSinceNow: Self.tickInterval)
            }
            if isLast { return }
        }
    }

    /// What came, and what came in the time after it; empty where nothing did by then.
    private func take(until due: Date) -> [(event: Event, bytes: Int)] {
        self.condition.withLock {
            if self.events.isEmpty { self.rest(.waiting, until: due) }
            if !self.events.isEmpty, !self.isAwaited {
                self.rest(.gathering, until: Date(timeIntervalSinceNow: self.gatheringSeconds))
            }
            self.isAwaited = false
            var taken: [(event: Event, bytes: Int)] = []
            swap(&taken, &self.events)
            return taken
        }
    }

    /// Until `push` or `stop` wakes it.
    private func rest(_ activity: Activity, until due: Date) {
        guard !self.isClosed else { return }
        self.activity = activity
        while self.activity != .working, self.condition.wait(until: due) {}
        self.activity = .working
    }

    private func handle(_ events: [(event: Event, bytes: Int)]) {
        var free = 0
        for (event, bytes) in events {
            self.handle(event)
            free += bytes
            if free >= Self.portionBytes {
                self.condition.withLock { self.bytes -= free }
                free = 0
            }
        }
        self.condition.withLock { self.bytes -= free }
    }
}
