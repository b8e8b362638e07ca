import Glibc
import Synchronization
import TimelineModel

/// Tells an observer what happens on one connection. Not made where there is none.
struct TrafficLog {
    private static let connections = Atomic<UInt64>(0)

    private let observer: any TrafficObserver
    private let connection: UInt64

    init?(_ observer: (any TrafficObserver)?) {
        guard let observer else { return nil }
        self.observer = observer
        self.connection = Self.connections.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func tell(_ event: Traffic.Event) {
        self.observer.observe(
            Traffic(
                connection: self.connection, at: Timestamp(nanoseconds: Self.now(CLOCK_REALTIME)),
                monotonicNs: UInt64(Self.now(CLOCK_MONOTONIC)), event: event))
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
