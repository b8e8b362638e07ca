import Glibc
import TimelineModel

/// The wall clock as it was when the recording began, carried on by a clock that nobody sets: durations stay right
/// where the wall clock is put forward or back meanwhile, and time that the host slept is counted.
public struct SteadyClock: Sendable {
    private let offset: Int64

    public init() {
        self.offset = Self.read(CLOCK_REALTIME) - Self.read(CLOCK_BOOTTIME)
    }

    public var now: Timestamp { Timestamp(nanoseconds: Self.read(CLOCK_BOOTTIME) &+ self.offset) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
