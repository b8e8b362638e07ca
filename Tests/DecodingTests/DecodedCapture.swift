import Decoding
import TimelineModel

/// All rows that a capture gives, facts in their last state.
struct DecodedCapture {
    var facts: CaptureFacts
    var frames: [Frame] = []
    var anomalies: [Anomaly] = []
    var exchanges: [ExchangeFacts] = []
    private var connectionsByID: [Int64: ConnectionFacts] = [:]
    private var sessionsByID: [Int64: SessionFacts] = [:]

    var connections: [ConnectionFacts] { self.connectionsByID.values.sorted { $0.id < $1.id } }
    var sessions: [SessionFacts] { self.sessionsByID.values.sorted { $0.id < $1.id } }
    var codes: [String] { self.anomalies.map(\.code.text) }

    init(_ bytes: [UInt8], limits: DecodingLimits = DecodingLimits()) throws(CaptureDecodeError) {
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"), limits: limits)
        self.facts = decoder.facts
        var batches: [TimelineBatch] = []
        try decoder.feed(bytes.span) { batches.append($0) }
        try decoder.finish { batches.append($0) }
        self.facts = decoder.facts
        for batch in batches {
            self.frames += batch.frames
            self.anomalies += batch.anomalies
            self.exchanges += batch.exchanges
            for facts in batch.connections { self.connectionsByID[facts.id] = facts }
            for facts in batch.sessions { self.sessionsByID[facts.id] = facts }
        }
        AnomalyPlaces.check(self.anomalies)
    }
}
