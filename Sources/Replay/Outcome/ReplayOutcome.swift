/// What a replay came to, before the rules have judged the live run.
public struct ReplayOutcome: Hashable, Sendable {
    /// In the order in which they became certain.
    public var divergences: [Divergence]
    /// Packets of the peer under test that the recording has, and how many of them came.
    public var expected: Int
    public var matched: Int
    /// Lives of the recording, and how many were lived through.
    public var lives: Int
    public var livesDone: Int
    /// What the replay waited for when it ended; nil where nothing was left.
    public var waitedFor: String?
    /// What a reader of the verdict should know besides, one sentence each: why lives were not asked for, for instance.
    public var remarks: [String]
    /// How late each planned packet was sent, in nanoseconds.
    public var lateness: Lateness
    /// From the first connection to the last packet.
    public var durationNs: Int64

    public init() {
        self.divergences = []
        self.expected = 0
        self.matched = 0
        self.lives = 0
        self.livesDone = 0
        self.remarks = []
        self.lateness = Lateness()
        self.durationNs = 0
    }

    /// The live run said what the recording says.
    public var isFaithful: Bool { self.divergences.isEmpty && self.waitedFor == nil }
}

/// How far behind its plan a replay sent.
public struct Lateness: Hashable, Sendable {
    public private(set) var count = 0
    public private(set) var sumNs: Int64 = 0
    public private(set) var maxNs: Int64 = 0

    public init() {}

    /// - Parameter ns: how long after its due time a packet was sent; less than 0 counts as 0.
    public mutating func add(_ ns: Int64) {
        let ns = max(0, ns)
        self.count += 1
        self.sumNs = self.sumNs.addingReportingOverflow(ns).overflow ? .max : self.sumNs + ns
        self.maxNs = max(self.maxNs, ns)
    }

    public mutating func add(_ other: Lateness) {
        self.count += other.count
        let (sum, overflow) = self.sumNs.addingReportingOverflow(other.sumNs)
        self.sumNs = overflow ? .max : sum
        self.maxNs = max(self.maxNs, other.maxNs)
    }
}
