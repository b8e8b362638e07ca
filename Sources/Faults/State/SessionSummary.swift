public import TimelineModel

/// What is left of a session once it is over: for rules that compare sessions, and for the diagnosis.
public struct SessionSummary: Sendable {
    public let state: SessionState
    /// Rules that found something in it, with the number of findings.
    public internal(set) var rules: [String: Int]

    public var facts: SessionFacts { self.state.facts }
    public var clientAddress: String { self.state.clientAddress }

    /// From its beginning to its end; nil where one of them is not in the capture.
    public var lifeNs: Int64? {
        guard self.facts.completeHead, self.facts.endClass != .captureEnd, let ended = self.facts.ended else {
            return nil
        }
        return ended.nanoseconds(since: self.facts.opened)
    }
}
