import Faults
import TimelineModel

/// Which findings are printed, and decide on the exit status.
struct FindingFilter: Equatable {
    /// Ids; nil for all.
    var rules: Set<String>?
    var least: Severity = .note
    /// Leaves out what only a diagnosis needs.
    var hidesBackground = false
    /// Nil for all.
    var sessions: Set<Int64>?
    var since: Timestamp?
    var until: Timestamp?

    func admits(_ finding: Finding) -> Bool {
        if let rules = self.rules, !rules.contains(finding.rule) { return false }
        if finding.severity < self.least { return false }
        if self.hidesBackground, finding.severity == .note, Catalogue.page(finding.rule)?.isBackground == true {
            return false
        }
        if let sessions = self.sessions {
            guard let session = finding.sessionID, sessions.contains(session) else { return false }
        }
        if let since = self.since, finding.at < since { return false }
        if let until = self.until, finding.at > until { return false }
        return true
    }
}
