import TimelineModel

extension RecordedLineage {
    /// From the beginning of the first life to the last that is known of any, in nanoseconds; 0 or more.
    public var durationNs: Int64 {
        guard let began = self.lives.map(\.began).min() else { return 0 }
        var last = began
        for life in self.lives {
            switch life {
            case .session(let session):
                last = max(last, session.facts.ended ?? last)
                for packet in session.packets { last = max(last, packet.at) }
            case .refused(let exchange): last = max(last, exchange.responded ?? exchange.requested)
            }
        }
        return max(0, last.nanoseconds(since: began))
    }
}
