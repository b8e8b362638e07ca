internal import Foundation
public import TimelineModel

/// Rows of one capture on their way to the timeline.
struct RecordedRows: Sendable {
    var batch: TimelineBatch
    var facts: CaptureFacts
    var capture: Int
    /// When the tap handed them in.
    var at: Timestamp

    var weight: Int { 64 + self.batch.weight }
}

extension TimelineBatch {
    /// About how many bytes of memory they take.
    var weight: Int {
        let facts = self.connections.count + self.sessions.count + self.exchanges.count
        return self.frames.reduce(500 * (facts + self.anomalies.count)) { $0 + $1.weight }
    }
}

extension Frame {
    /// Likewise.
    var weight: Int { 300 + (self.payload?.utf8.count ?? 0) + (self.binary?.count ?? 0) }
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
    /// Packets that a snap length cut, which were taken in as far as they go.
    public var cut: Int64 = 0
    /// Sessions that `Retention` let go.
    public var released = 0
    /// And the frames that went with them.
    public var releasedFrames: Int64 = 0
    /// Frames that were handed in and are not stored, for the recording failed.
    public var lostFrames: Int64 = 0
    public var findings: [Severity: Int] = [:]
    /// Findings that were told and did not stand.
    public var takenBack = 0

    public init() {}
}
