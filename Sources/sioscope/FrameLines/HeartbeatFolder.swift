/// Puts healthy heartbeats aside and gives one summary for many.
///
/// An idle stretch of a session, three heartbeats or more without another frame of it, is summed up where it stands.
/// Single ones between other frames are counted on, and summed up at the session's end or before its first unhealthy
/// heartbeat: so neither a quiet nor a busy session drowns in them.
struct HeartbeatFolder {
    /// Healthy heartbeats of one session, folded.
    struct Summary: Equatable {
        var sessionID: Int64
        /// Pings that were answered; where a filter left only pings or only pongs, those.
        var count: Int
        var firstNs: Int64
        var lastNs: Int64
        /// From ping to pong; nil where no pair was among the frames.
        var fastestNs: Int64?
        var slowestNs: Int64?
    }

    enum Output: Equatable {
        case frame(FrameRow)
        case heartbeats(Summary)
    }

    static let idleStretch = 3

    private struct Run {
        var pings = 0
        var pongs = 0
        var inARow = 0
        var firstNs: Int64
        var lastNs: Int64
        var pingedNs: Int64?
        var fastestNs: Int64?
        var slowestNs: Int64?

        func summary(of session: Int64) -> Summary {
            Summary(
                sessionID: session, count: max(self.pings, self.pongs), firstNs: self.firstNs, lastNs: self.lastNs,
                fastestNs: self.fastestNs, slowestNs: self.slowestNs)
        }
    }

    private var runs: [Int64: Run] = [:]

    /// What is to be printed now, in order.
    mutating func take(_ frame: FrameRow, isHealthy: Bool) -> [Output] {
        guard let session = frame.sessionID else { return [.frame(frame)] }
        if isHealthy {
            self.add(frame, to: session)
            return []
        }
        guard let run = self.runs[session] else { return [.frame(frame)] }
        if run.inARow >= Self.idleStretch || frame.endsSession || frame.isHeartbeat {
            // Between a ping and its pong there may be other frames: such a run goes on.
            if run.pingedNs == nil || frame.endsSession {
                self.runs[session] = nil
                return [.heartbeats(run.summary(of: session)), .frame(frame)]
            }
        }
        self.runs[session]?.inARow = 0
        return [.frame(frame)]
    }

    /// What is left at the end, in the order of time.
    mutating func finish() -> [Output] {
        defer { self.runs = [:] }
        return self.runs.map { $1.summary(of: $0) }
            .sorted { ($0.lastNs, $0.sessionID) < ($1.lastNs, $1.sessionID) }
            .map { .heartbeats($0) }
    }

    private mutating func add(_ frame: FrameRow, to session: Int64) {
        var run = self.runs[session] ?? Run(firstNs: frame.atNs, lastNs: frame.atNs)
        run.lastNs = frame.atNs
        run.inARow += 1
        if frame.engineIOType == "ping" {
            run.pings += 1
            run.pingedNs = frame.atNs
        } else {
            run.pongs += 1
            if let pinged = run.pingedNs {
                let waited = frame.atNs.subtractingReportingOverflow(pinged).partialValue
                run.fastestNs = min(run.fastestNs ?? waited, waited)
                run.slowestNs = max(run.slowestNs ?? waited, waited)
            }
            run.pingedNs = nil
        }
        self.runs[session] = run
    }
}
