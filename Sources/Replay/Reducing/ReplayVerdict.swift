public import TimelineModel

/// Why a replay failed, so far as it can be compared with another replay of a part of the recording.
public struct ReplayVerdict: Hashable, Sendable {
    /// A divergence without what differs from run to run: times, and what a live packet held.
    public struct Difference: Hashable, Sendable {
        public var kind: Divergence.Kind
        public var sender: Sender
        public var namespace: String?
        /// `frames.id` in the recording; nil for what only the live run has, which `what` tells then.
        public var frameID: Int64?
        public var what: String

        public init(_ divergence: Divergence) {
            self.kind = divergence.kind
            self.sender = divergence.sender
            self.namespace = divergence.namespace
            self.frameID = divergence.recordedFrameID
            self.what = divergence.recordedFrameID == nil ? Self.name(divergence.what) : ""
        }

        /// `event say` of `event ["say",1]`: behind the name stands the data.
        private static func name(_ what: String) -> String {
            let head = what.prefix { !"[{".contains($0) }
            let data = what[head.endIndex...]
            return String(data.hasPrefix("[\"") ? head + data.dropFirst(2).prefix { $0 != "\"" } : head)
        }
    }

    /// Ids of the rules that found an error of the side under test.
    public var rules: Set<String>
    public var differences: Set<Difference>
    /// The peer ended early or never came, or the replay waited in vain.
    public var isCutShort: Bool

    public init(rules: Set<String> = [], differences: Set<Difference> = [], isCutShort: Bool = false) {
        self.rules = rules
        self.differences = differences
        self.isCutShort = isCutShort
    }

    public init(rules: Set<String>, outcomes: [ReplayOutcome], hasFailed: Bool) {
        self.rules = rules
        self.differences = Set(outcomes.lazy.flatMap(\.divergences).map(Difference.init))
        self.isCutShort = hasFailed || outcomes.contains { $0.waitedFor != nil }
    }

    public var isPass: Bool { self.rules.isEmpty && self.differences.isEmpty && !self.isCutShort }

    /// The replay of a part failed in the same way as that of the `whole`.
    ///
    /// The same rules, or where none found anything the same kinds of divergences; and nothing diverged that had not
    /// before: a recording that lacks what a healthy client says is no use as a test.
    public func isSameFailure(as whole: ReplayVerdict) -> Bool {
        guard !self.isPass, self.rules == whole.rules, self.differences.isSubset(of: whole.differences) else {
            return false
        }
        guard whole.isCutShort || !self.isCutShort else { return false }
        guard self.rules.isEmpty else { return true }
        return Set(self.differences.map(\.kind)) == Set(whole.differences.map(\.kind))
            && (!whole.differences.isEmpty || self.isCutShort == whole.isCutShort)
    }
}
