internal import Foundation
public import TimelineModel

/// Rows of one capture on their way to the timeline.
struct RecordedRows: Sendable {
    var batch: TimelineBatch
    var facts: CaptureFacts
    var capture: Int
    /// When the tap handed them in.
    var at: Timestamp

    /// About how many bytes of memory they take.
    var weight: Int {
        var bytes = 64
        for frame in self.batch.frames {
            bytes += 300 + (frame.payload?.utf8.count ?? 0) + (frame.binary?.count ?? 0)
        }
        let facts = self.batch.connections.count + self.batch.sessions.count + self.batch.exchanges.count
        return bytes + 500 * (facts + self.batch.anomalies.count)
    }
}

extension Timestamp {
    /// The clock of this machine.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// What a recording has come to so far.
public struct RecordingCounts: Hashable, Sendable {
    public var sessions: Int64 = 0
    public var openSessions: Int64 = 0
    public var frames: Int64 = 0
    /// Records that the taps could not take in, all captures together.
    public var dropped: Int64 = 0
    /// Sessions that `Retention` let go.
    public var released = 0
    public var findings: [Severity: Int] = [:]

    public init() {}
}
