import TimelineModel

/// When the server ended sessions: several of different clients at once show that it was stopped.
struct ServerStops: Sendable {
    /// So near to each other are ends that one stop made. Source: a process closes all its sockets in one go; a second is
    /// what a busy host may need for it.
    static let togetherNs: Int64 = 1_000_000_000

    /// Ascending.
    private let all: [Timestamp]
    private let byLineage: [Int64: [Timestamp]]

    init(_ sessions: [SessionSummary]) {
        let ends = sessions.compactMap { session in
            session.facts.endedBy == .server ? session.facts.ended.map { (session.facts.lineage, $0) } : nil
        }
        .sorted { $0.1 < $1.1 }
        self.all = ends.map(\.1)
        self.byLineage = Dictionary(grouping: ends, by: \.0).mapValues { $0.map(\.1) }
    }

    /// How many sessions of other clients the server ended together with one.
    func others(than facts: SessionFacts) -> Int {
        guard facts.endedBy == .server, let ended = facts.ended else { return 0 }
        let span = ended.later(by: -Self.togetherNs)...ended.later(by: Self.togetherNs)
        return Self.count(self.all, in: span) - Self.count(self.byLineage[facts.lineage] ?? [], in: span)
    }

    private static func count(_ times: [Timestamp], in span: ClosedRange<Timestamp>) -> Int {
        self.place(times) { $0 > span.upperBound } - self.place(times) { $0 >= span.lowerBound }
    }

    /// The first of the times of which something holds that holds of all behind it; the count where there is none.
    private static func place(_ times: [Timestamp], _ holds: (Timestamp) -> Bool) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(times[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
