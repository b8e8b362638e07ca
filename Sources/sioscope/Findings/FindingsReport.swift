import Timeline
import TimelineModel

/// What is printed of an analysis, in whatever format.
struct FindingsReport {
    /// As the user named it.
    let path: String
    let findings: [NumberedFinding]
    /// All sessions of the timeline that were not deselected, in the order of their beginnings.
    let sessions: [SessionLine]
    /// What makes a finding a failure.
    let failOn: FailOn

    /// Findings by session; those without one under nil.
    var bySession: [Int64?: [NumberedFinding]] { Dictionary(grouping: self.findings) { $0.finding.sessionID } }

    /// When a finding showed: seconds since its session's opening, or the time of day where it has none.
    static func time(of finding: NumberedFinding, in session: SessionLine?) -> String {
        let at = finding.finding.at.nanoseconds
        guard let session else { return Measures.timeOfDay(nanoseconds: at, decimals: 3) }
        let elapsed = at.subtractingReportingOverflow(session.openedNs).partialValue
        return Lapse.offset(elapsed)
    }
}
