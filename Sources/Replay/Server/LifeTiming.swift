import TimelineModel

/// How long a life is kept, beyond what is still to be said in it.
struct LifeTiming: Sendable {
    /// Added to three times the recorded pause where a packet of the client is waited for.
    static let graceNs: Int64 = 5_000_000_000
    /// So many packets in a row that do not come, and the client says nothing any more.
    static let mostGivenUp = 3
    /// What the server sent so shortly before the client left may cross its leaving.
    static let raceNs: Int64 = 250_000_000
    /// So long is listened at most for what the client says to the last packet; less where the recording ends earlier.
    private static let settlingNs: Int64 = 250_000_000
    /// A timer of the client may be late by so much, and a tenth.
    private static let timerSlackNs: Int64 = 500_000_000

    private let pace: Pace
    private let endNs: Int64
    private let end: RecordedEnd
    /// From the beginning; 0 for nothing.
    private let holdNs: Int64

    init(_ plan: LifePlan, _ settings: ReplayServerSettings) {
        self.pace = settings.pace
        self.endNs = plan.endNs
        self.end = plan.end
        self.holdNs = Self.hold(plan, settings)
    }

    /// When a timer of the client has fired for sure that was due then.
    static func late(_ ns: Int64) -> Int64 {
        let sum = ns.addingReportingOverflow(ns / 10 + self.timerSlackNs)
        return sum.overflow ? .max : sum.partialValue
    }

    /// A client that is wrong by a timer of its own has to get the time for it, at any pace: that of the recorded
    /// fault, or a whole heartbeat interval where the recorded session had one.
    private static func hold(_ plan: LifePlan, _ settings: ReplayServerSettings) -> Int64 {
        var hold: Int64 = 0
        if let ping = plan.violations.first(where: { $0.kind == .ping || $0.kind == .pong }) {
            hold = Self.late(plan.atNs(ping.at))
        }
        let facts = plan.session.facts
        let interval = Int64(clamping: max(0, facts.pingIntervalMs ?? 0)).multipliedClamping(by: 1_000_000)
        if settings.pace != .recorded, interval > 0, plan.endNs >= interval {
            hold = max(hold, min(plan.endNs, Self.late(interval)))
        }
        if case .reaction(.violation(let at)) = plan.end { hold = max(hold, Self.late(at)) }
        if case .reaction(.silence) = plan.end, settings.heartbeat != .off {
            // One heartbeat, answered or not.
            let beat = settings.pace.heartbeat(ms: facts.pingIntervalMs ?? 0)
                .addingReportingOverflow(settings.pace.heartbeat(ms: facts.pingTimeoutMs ?? 0))
            let ns = Int64(clamping: beat.overflow ? 0 : beat.partialValue).multipliedClamping(by: 1_000_000)
            hold = max(hold, min(Self.late(ns), Self.late(plan.endNs)))
        }
        return hold
    }

    /// When the session ends as recorded, or nothing more is to be learned from it.
    func closing(began: Timestamp, progress: Timestamp, recordedNs: Int64) -> Timestamp {
        let held = began.advanced(byNs: self.holdNs)
        let tail = max(0, self.endNs - recordedNs)
        switch self.end {
        case .server: return max(held, progress.advanced(byNs: self.pace.scaled(tail)))
        case .client, .unknown, .reaction:
            return max(
                held, began.advanced(byNs: self.pace.scaled(self.endNs)),
                progress.advanced(byNs: min(tail, Self.settlingNs)))
        }
    }

    /// From when on the client may say what it likes.
    func beyond(began: Timestamp, progress: Timestamp, recordedNs: Int64) -> Timestamp {
        let tail = max(0, self.endNs - recordedNs)
        return max(
            began.advanced(byNs: self.pace.scaled(self.endNs) / 10 * 9),
            progress.advanced(byNs: min(tail / 10 * 9, Self.settlingNs)))
    }
}
