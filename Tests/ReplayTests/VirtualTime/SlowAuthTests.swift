@testable import Replay
import TestSupport
import Testing

/// An auth payload may come from a command: what the server says meanwhile must neither be lost nor take its place.
@Suite("Auth that takes its time")
struct SlowAuthTests {
    @Test(
        "every step is taken all the same", arguments: ["js-namespaces", "js-acks", "js-default-upgrade"], [0, 1, 700])
    func slow(_ name: String, _ delayMs: Int64) throws {
        for lineage in try Recordings.lineages(TestFiles.captures.appending(path: name)) {
            var settings = MemoryNetworkSettings()
            settings.authDelayNs = delayMs * 1_000_000
            var network = MemoryNetwork(
                server: ReplayServer(lineage), client: ReplayClient(lineage, ReplayClientSettings(pace: .fast)),
                settings)
            var witness = BlindWitness()
            #expect([.finished, .quiet].contains(network.run(&witness)))
            #expect(network.server.outcome.divergences == [])
            #expect(network.server.outcome.matched == network.server.outcome.expected)
            #expect(network.client.outcome.divergences == [])
        }
    }
}
