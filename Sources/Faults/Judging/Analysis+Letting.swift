import TimelineModel

extension Analysis {
    /// Forgets what is long over, for a capture that is recorded for days: all but the newest sessions and those that
    /// run, with what only they need; the rules that compare begin anew.
    mutating func forget(keeping count: Int, running: Set<Int64>) {
        self.summaries.sort { ($0.facts.opened, $0.facts.id) < ($1.facts.opened, $1.facts.id) }
        self.summaries.removeFirst(max(0, self.summaries.count - count))
        let kept = Set(self.summaries.map(\.facts.id))
        self.ended.formIntersection(kept)
        self.capture.forget(sessionsBut: kept.union(running), connectionsKept: count)
        self.captureRules = Self.captureRules(self.configuration)
        self.captureReport = Report()
    }
}
