/// Puts healthy heartbeats aside and gives one summary for many.
///
/// An idle stretch of a session, three heartbeats or more without another frame of it, is summed up by itself. Single
/// ones between other frames are counted on, up to the session's end or its first unhealthy heartbeat: so neither a
/// quiet nor a busy session drowns in them.
struct HeartbeatFolder {
    /// What the folder needs of a frame.
    struct Step: Equatable {
        enum Kind: Equatable {
            case ping, pong, ending, other
        }

        var id: Int64
        var sessionID: Int64?
        var atNs: Int64
        var kind: Kind
    }

    /// Healthy heartbeats of one session, folded.
    struct Summary: Equatable {
        var sessionID: Int64
        /// Pings that were answered; where a filter left only pings or only pongs, those.
        var count: Int
        var firstNs: Int64
        var lastNs: Int64
        /// The frame of the last one: the summary stands in its place.
        var lastID: Int64
        /// From ping to pong; nil where no pair was among the frames.
        var fastestNs: Int64?
        var slowestNs: Int64?
    }

    static let idleStretch = 3

    private struct Run {
        var pings = 0
        var pongs = 0
        var inARow = 0
        var firstNs: Int64
        var lastNs: Int64
        var lastID: Int64
        var pingedNs: Int64?
        var fastestNs: Int64?
        var slowestNs: Int64?

        func summary(of session: Int64) -> Summary {
            Summary(
                sessionID: session, count: max(self.pings, self.pongs), firstNs: self.firstNs, lastNs: self.lastNs,
                lastID: self.lastID, fastestNs: self.fastestNs, slowestNs: self.slowestNs)
        }
    }

    private var runs: [Int64: Run] = [:]

    /// Takes the frames of a session in their order; those of several sessions may be mixed.
    ///
    /// - Returns: the summary of a run that this frame closed.
    mutating func take(_ frame: Step, isHealthy: Bool) -> Summary? {
        guard let session = frame.sessionID else { return nil }
        if isHealthy {
            self.add(frame, to: session)
            return nil
        }
        guard let run = self.runs[session] else { return nil }
        if run.inARow >= Self.idleStretch || frame.kind != .other {
            // Between a ping and its pong there may be other frames: such a run goes on.
            if run.pingedNs == nil || frame.kind == .ending {
                self.runs[session] = nil
                return run.summary(of: session)
            }
        }
        self.runs[session]?.inARow = 0
        return nil
    }

    /// What is left at the end.
    mutating func finish() -> [Summary] {
        defer { self.runs = [:] }
        return self.runs.map { $1.summary(of: $0) }
    }

    private mutating func add(_ frame: Step, to session: Int64) {
        var run = self.runs[session] ?? Run(firstNs: frame.atNs, lastNs: frame.atNs, lastID: frame.id)
        run.lastNs = frame.atNs
        run.lastID = frame.id
        run.inARow += 1
        if frame.kind == .ping {
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
