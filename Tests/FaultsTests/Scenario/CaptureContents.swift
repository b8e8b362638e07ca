import TimelineModel

@testable import Decoding
@testable import Faults

/// All rows of a capture, facts in their last state.
struct CaptureContents {
    var facts: CaptureFacts
    var connections: [ConnectionFacts] = []
    var sessions: [SessionFacts] = []
    var frames: [Frame] = []
    /// In the order of requests.
    var exchanges: [ExchangeFacts] = []
    var anomalies: [Anomaly] = []

    init(
        facts: CaptureFacts, connections: [ConnectionFacts], sessions: [SessionFacts], frames: [Frame],
        exchanges: [ExchangeFacts], anomalies: [Anomaly]
    ) {
        self.facts = facts
        self.connections = connections
        self.sessions = sessions
        self.frames = frames
        self.exchanges = exchanges
        self.anomalies = anomalies
    }

    /// Decodes a capture file.
    init(_ bytes: [UInt8]) throws {
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"))
        var connections: [Int64: ConnectionFacts] = [:]
        var sessions: [Int64: SessionFacts] = [:]
        var exchanges: [Int64: ExchangeFacts] = [:]
        var rows = TimelineBatch()
        let take = { (batch: TimelineBatch) in
            rows.frames += batch.frames
            rows.anomalies += batch.anomalies
            for facts in batch.connections { connections[facts.id] = facts }
            for facts in batch.sessions { sessions[facts.id] = facts }
            for facts in batch.exchanges { exchanges[facts.id] = facts }
        }
        try decoder.feed(bytes.span, take)
        try decoder.finish(take)
        self.init(
            facts: decoder.facts, connections: connections.values.sorted { $0.id < $1.id },
            sessions: sessions.values.sorted { $0.id < $1.id }, frames: rows.frames,
            exchanges: exchanges.values.sorted { ($0.requested, $0.id) < ($1.requested, $1.id) },
            anomalies: rows.anomalies)
    }

    /// Judged as a whole.
    func analysed(_ configuration: Configuration = Configuration()) -> Analysis.Outcome {
        var analysis = Analysis(
            self.facts, connections: self.connections, sessions: self.sessions, configuration: configuration)
        var exchanges = self.exchanges[...]
        var anomalies = self.anomalies.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)[...]
        for frame in self.frames {
            while let next = exchanges.first, next.requested <= frame.at {
                analysis.see(next)
                exchanges.removeFirst()
            }
            while let next = anomalies.first, next.frameID.map({ $0 < frame.id }) ?? (next.at < frame.at) {
                analysis.see(next)
                anomalies.removeFirst()
            }
            analysis.see(frame)
        }
        for exchange in exchanges { analysis.see(exchange) }
        for anomaly in anomalies { analysis.see(anomaly) }
        return analysis.finish()
    }
}
