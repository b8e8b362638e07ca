import Replay
import Testing
import TimelineModel

/// A client that does what the protocol asks and the recorded one did not.
@Suite struct MendedClientTests {
    private static func neverConnects(path: String? = "/socket.io/", ends: String = "S close") -> RecordedLineage {
        var session = Recordings.script(
            "0 S 0{}\n700 S 2\n701 C 3\n1400 S 2\n1401 C 3\n2000 \(ends)", pingInterval: 700, pingTimeout: 500)
        session.facts.socketIOVersion = nil
        session.facts.path = path
        return Recordings.lineage(session)
    }

    @Test(
        "a CONNECT that the recorded client owed is answered, and what it says then is right",
        arguments: CaptureReplayTests.paces)
    func connects(pace: Pace) {
        for namespace in ["", "/admin,"] {
            var client = PlayedClient(Self.neverConnects(), ReplayServerSettings(pace: pace))
            client.connect()
            client.run(until: 60)
            client.send("40\(namespace){\"token\":\"a\"}")
            #expect(client.said.last?.hasPrefix("40\(namespace){\"sid\":") == true)
            client.send("42\(namespace)[\"hello\"]")
            client.finish()
            #expect(!client.last.contains { $0.hasPrefix("end") })
            #expect(client.outcome.isFaithful, "\(client.outcome)")
        }
    }

    @Test(
        "one that connects to nothing is given up, at any pace, and so is one that leaves",
        arguments: CaptureReplayTests.paces)
    func silent(pace: Pace) {
        var silent = PlayedClient(Self.neverConnects(), ReplayServerSettings(pace: pace))
        silent.connect()
        var leaving = silent
        silent.run(until: 2600)
        #expect(silent.isOpen)
        silent.finish()
        #expect(silent.last.last == "end close")
        #expect(silent.outcome.divergences.map(\.kind) == [.unexpected])
        leaving.run(until: 300)
        leaving.close()
        leaving.finish()
        #expect(leaving.outcome.divergences.map(\.kind) == [.unexpected])
    }

    @Test("who left without a CONNECT of its own accord, or speaks plain Engine.IO, is no such case")
    func others() {
        var left = PlayedClient(Self.neverConnects(ends: "C close"))
        left.connect()
        left.run(until: 1999)
        left.close()
        left.finish()
        #expect(left.outcome.isFaithful)
        var plain = PlayedClient(Self.neverConnects(path: "/engine.io/"))
        plain.connect("/engine.io/?EIO=4&transport=websocket")
        plain.run(until: 2000)
        #expect(plain.last.last == "end close")
        plain.finish()
        #expect(plain.outcome.isFaithful)
    }

    @Test("an ack that the recorded client owed is right, once; one that nobody asked for is not")
    func acks() {
        let session = Recordings.script(
            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n100 S 427[\"a\"]\n500 C 42[\"b\"]\n3000 S 42[\"c\"]\n5000 C close")
        for (said, unexpected) in [(["437[]"], 0), (["437[]", "437[]"], 1), (["438[]"], 1)] {
            var client = PlayedClient(Recordings.lineage(session))
            client.connect()
            client.send("40")
            client.run(until: 200)
            for text in said { client.send(text) }
            client.run(until: 500)
            client.send("42[\"b\"]")
            client.finish()
            #expect(client.outcome.divergences.map(\.kind) == Array(repeating: .unexpected, count: unexpected))
        }
    }

    @Test("the played client leaves out what was too big")
    func tooBig() throws {
        var session = Recordings.script(
            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n9 C 42[\"a\"]\n99 C 42[\"b\",\"0123456789\"]\n100 S close 1009")
        session.facts.maxPayload = 12
        let lineage = Recordings.lineage(session)
        var network = MemoryNetwork(
            server: ReplayServer(lineage), client: ReplayClient(lineage, ReplayClientSettings()),
            MemoryNetworkSettings(limitNs: 60_000_000_000))
        var witness = BlindWitness()
        _ = network.run(&witness)
        #expect(network.server.outcome.isFaithful && network.server.outcome.matched == 2)
    }

    @Test("the played client connects where the recorded one did not")
    func played() throws {
        let lineage = Self.neverConnects()
        var network = MemoryNetwork(
            server: ReplayServer(lineage), client: ReplayClient(lineage, ReplayClientSettings()),
            MemoryNetworkSettings(limitNs: 60_000_000_000))
        var witness = BlindWitness()
        _ = network.run(&witness)
        #expect(network.server.outcome.isFaithful, "\(network.server.outcome)")
    }
}
