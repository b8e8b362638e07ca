import TimelineModel

/// What stderr is told of losses while they happen, where it is no terminal and shows no counts: a line when more was
/// lost, every few seconds at most.
struct LossNews {
    static let quietNs: Int64 = 5_000_000_000

    private var told: Int64 = 0
    private var toldAt: Timestamp?

    /// - Parameter dropped: packets since the beginning.
    mutating func line(dropped: Int64, at now: Timestamp) -> String? {
        guard dropped > self.told else { return nil }
        if let toldAt, now >= toldAt, now.nanoseconds(since: toldAt) < Self.quietNs { return nil }
        let time = Measures.timeOfDay(nanoseconds: now.nanoseconds, decimals: 3)
        let all = self.told > 0 ? ", \(dropped) in all" : ""
        defer { (self.told, self.toldAt) = (dropped, now) }
        return "\(time) \(FindingsSummary.count(dropped - self.told, "packet")) dropped\(all)"
    }
}
