public import TimelineModel

/// What a user has set: rules that are off, other severities, other thresholds.
public struct Configuration: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var isOff = false
        public var severity: Severity?
        public var thresholds: [String: Double] = [:]

        public init() {}
    }

    /// By id of the rule.
    public var entries: [String: Entry] = [:]

    public init() {}

    func isOff(_ rule: String) -> Bool { self.entries[rule]?.isOff ?? false }

    func settings(of rule: String) -> RuleSettings { RuleSettings(self.entries[rule]?.thresholds ?? [:]) }

    /// A severity that is set holds for all findings of the rule, but for those that were demoted.
    func severity(of draft: Draft) -> Severity {
        draft.demotion != nil ? .note : self.entries[draft.rule]?.severity ?? draft.severity
    }
}
