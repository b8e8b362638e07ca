/// What a scenario came to.
public enum ConformanceVerdict: Hashable, Sendable {
    case passed
    case failed(ConformanceFailure)
    /// It says nothing of the client: why.
    case skipped(String)
}

public struct ConformanceFailure: Hashable, Sendable {
    /// The line of the script that was being played; nil where it had not begun.
    public var step: ScenarioStep?
    /// Of the catalogue, where the fault is one of its rules.
    public var rule: String?
    /// One sentence without its full stop, with the client as "it" or named.
    public var reason: String
    /// It was a matter of time, so a machine with too much to do can be the cause.
    public var isLateness: Bool

    public init(step: ScenarioStep?, rule: String? = nil, reason: String, isLateness: Bool = false) {
        self.step = step
        self.rule = rule
        self.reason = reason
        self.isLateness = isLateness
    }
}

/// A line of what happened, for a person.
public struct ConformanceNote: Hashable, Sendable {
    /// Nanoseconds from the play's beginning.
    public var atNs: Int64
    /// `> 42["a"]` of the server, `< ...` of the client, `* ...` what else there was.
    public var text: String
}
