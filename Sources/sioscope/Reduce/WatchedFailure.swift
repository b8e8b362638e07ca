import Faults
import Replay

/// Which findings make up the failure that a reduction is to keep.
enum WatchedFailure: Equatable {
    /// The causes: errors of single sessions. That many of them form a pattern (`flap-periodic`) follows, and takes
    /// many sessions to show; it counts where there is nothing else.
    case causes
    /// Patterns over several sessions alone.
    case patterns
    /// These rules, whatever else fails.
    case rules(Set<String>)

    /// - Parameter report: of the whole recording.
    init(_ report: ReplayReport, chosen: Set<String>) {
        if !chosen.isEmpty {
            self = .rules(chosen)
        } else {
            self = report.faults.contains { !Self.isPattern($0.rule) } ? .causes : .patterns
        }
    }

    func verdict(of report: ReplayReport) -> ReplayVerdict {
        let faults = Set(report.faults.map(\.rule))
        let rules =
            switch self {
            case .causes: faults.filter { !Self.isPattern($0) }
            case .patterns: faults
            case .rules(let chosen): faults.intersection(chosen)
            }
        var verdict = ReplayVerdict(
            rules: rules, outcomes: report.parts.map(\.outcome), hasFailed: !report.failures.isEmpty)
        // A pattern alone is another failure than that of a cause: it must not pass for a divergence.
        if case .causes = self, rules.isEmpty, !faults.isEmpty { verdict.rules = faults }
        return verdict
    }

    private static func isPattern(_ rule: String) -> Bool { Catalogue.page(rule)?.layer == .session }
}
