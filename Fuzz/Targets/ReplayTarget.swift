import Decoding
import HookLog
import Replay
import TimelineModel

/// A recording played against the bundled client by a clock of its own, both roles at once. The input is a hook log;
/// where it does not begin with a brace its first byte says how it is played.
enum ReplayTarget {
    /// By the run's own clock.
    private static let limitNs: Int64 = 20_000_000_000
    /// A recording may have heartbeats as close as it likes.
    private static let mostSteps = 20_000

    private struct Manner {
        var server = ReplayServerSettings()
        var client = ReplayClientSettings()

        init(_ byte: UInt8) {
            self.server.pace = [.recorded, .fast, .times(10), .times(0.5)][Int(byte & 3)]
            self.client.pace = self.server.pace
            self.server.policy = [.lenient, .strict, .timed, .lenient][Int(byte >> 2 & 3)]
            self.server.heartbeat = [.live, .recorded, .off, .live][Int(byte >> 4 & 3)]
            self.server.afterLast = byte & 64 == 0 ? .refuse : .repeat
            if byte & 128 != 0 {
                self.client.misbehaviour = Misbehaviour.allCases[Int(byte & 127) % Misbehaviour.allCases.count]
            }
            self.server.limitNs = ReplayTarget.limitNs
            self.client.limitNs = ReplayTarget.limitNs
        }
    }

    static func run(_ bytes: Span<UInt8>) throws {
        guard bytes.count > 0 else { return }
        let isPlain = bytes[0] == UInt8(ascii: "{")
        let manner = Manner(isPlain ? 0 : bytes[0])
        let log = bytes.extracting((isPlain ? 0 : 1)...)
        for lineage in self.lineages(log) {
            let first = try self.play(lineage, manner)
            let again = try self.play(lineage, manner)
            try require(again == first, "played again: \(again), not \(first)")
        }
    }

    private static func play(_ lineage: RecordedLineage, _ manner: Manner) throws -> [ReplayOutcome] {
        var network = MemoryNetwork(
            server: ReplayServer(lineage, manner.server), client: ReplayClient(lineage, manner.client),
            MemoryNetworkSettings(limitNs: self.limitNs))
        var witness = BlindWitness()
        var steps = 0
        let end = network.run(&witness) {
            steps += 1
            return steps > self.mostSteps
        }
        try require(end != .stuck, "time stands still")
        let outcomes = [network.server.partialOutcome, network.client.partialOutcome]
        for outcome in outcomes {
            try require(outcome.matched <= outcome.expected, "\(outcome.matched) of \(outcome.expected) packets came")
            try require(outcome.livesDone <= outcome.lives, "\(outcome.livesDone) of \(outcome.lives) lives were lived")
        }
        return outcomes
    }

    private static func lineages(_ bytes: Span<UInt8>) -> [RecordedLineage] {
        var rows = TimelineBatch()
        let decoder = HookLogDecoder(CaptureFacts(kind: .hook, source: "fuzz"))
        func add(_ batch: TimelineBatch) {
            rows.frames += batch.frames
            rows.exchanges += batch.exchanges
            rows.sessions += batch.sessions
        }
        // One that is refused half way leaves what came before.
        try? decoder.feed(bytes) { add($0) }
        try? decoder.finish { add($0) }
        // A session that goes on comes again with what is new.
        let sessions = Dictionary(rows.sessions.map { ($0.id, $0) }, uniquingKeysWith: { $1 }).values
            .sorted { $0.id < $1.id }
        return Dictionary(grouping: sessions, by: \.lineage).sorted { $0.key < $1.key }.map { _, sessions in
            RecordedLineage(
                lives: sessions.map { facts in
                    var collector = SessionCollector(facts)
                    for frame in rows.frames where frame.sessionID == facts.id { collector.see(frame) }
                    for exchange in rows.exchanges where exchange.sessionID == facts.id { collector.see(exchange) }
                    return .session(collector.finish())
                })
        }
    }
}
