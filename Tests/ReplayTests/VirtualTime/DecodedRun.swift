import Decoding
import Faults
import Replay
import TimelineModel

/// Decodes what a run in memory put on the wire.
final class DecodedRun: MemoryWitness {
    private let decoder = StreamDecoder(CaptureFacts(kind: .replay, source: "memory", tap: .server))
    private var ids: [Int: Int64] = [:]
    private(set) var frames: [Frame] = []
    private(set) var anomalies: [Anomaly] = []
    private(set) var sessions: [SessionFacts] = []
    private(set) var connections: [ConnectionFacts] = []
    private(set) var exchanges: [ExchangeFacts] = []

    func opened(_ connection: Int, at: Timestamp) {
        self.ids[connection] = self.decoder.open(
            ConnectionOpening(
                clientAddress: "127.0.0.1", clientPort: 40_000 + connection, serverAddress: "127.0.0.1",
                serverPort: 3000, at: at))
    }

    func bytes(_ bytes: [UInt8], of connection: Int, from sender: Sender, at: Timestamp) {
        guard let id = self.ids[connection] else { return }
        self.decoder.receive(id, bytes.span, from: sender, at: at)
    }

    func ended(_ connection: Int, by sender: Sender, at: Timestamp) {
        if let id = self.ids[connection] { self.decoder.end(id, by: sender, at: at) }
    }

    func reset(_ connection: Int, by sender: Sender, at: Timestamp) {
        if let id = self.ids[connection] { self.decoder.reset(id, by: sender, at: at) }
    }

    /// Ids of the rules that found something, in time order.
    func findings() -> [String] {
        self.decoder.finish { batch in
            self.frames += batch.frames
            self.anomalies += batch.anomalies
            // The last state of each row counts.
            self.sessions = batch.sessions
            self.connections = batch.connections
            self.exchanges = batch.exchanges
        }
        var analysis = Analysis(self.decoder.facts, connections: self.connections, sessions: self.sessions)
        var exchanges = self.exchanges.sorted { ($0.requested, $0.id) < ($1.requested, $1.id) }[...]
        var anomalies = self.anomalies[...]
        for frame in self.frames {
            while let next = exchanges.first, next.requested <= frame.at {
                analysis.see(next)
                exchanges.removeFirst()
            }
            // Right behind its frame, and before the next one of the same moment.
            while let next = anomalies.first, next.frameID.map({ $0 < frame.id }) ?? (next.at < frame.at) {
                analysis.see(next)
                anomalies.removeFirst()
            }
            analysis.see(frame)
        }
        for exchange in exchanges { analysis.see(exchange) }
        for anomaly in anomalies { analysis.see(anomaly) }
        return analysis.finish().findings.map(\.rule)
    }
}
