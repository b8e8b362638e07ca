import Replay
import Testing
import TimelineModel

/// What the played server sends, when, and what lets it go.
@Suite struct ScriptTests {
    static let chat = """
        0 S 0{"sid":"x"}
        1 C 40{"token":"a"}
        3 S 40{"sid":"s1"}
        100 C 420["say",{"n":1}]
        105 S 430["ok"]
        110 S 42["said",{"n":1}]
        600 S 42["tick",1]
        1100 S 42["tick",2]
        1200 C 42["bye"]
        1210 C close 1000
        """

    @Test("a client that does what was recorded passes, with the live ids in acks") func passes() {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.chat)))
        client.run(until: 50)
        client.connect()
        #expect(client.last.first?.hasPrefix("0{\"sid\":\"recorded-1\"") == true)
        client.send("40{\"token\":\"another\"}")
        client.run(until: 52)
        #expect(client.last.last == "40{\"sid\":\"s1\"}")
        client.run(until: 300)
        client.send("4277[\"say\",{\"n\":1}]")
        client.run(until: 320)
        #expect(client.last.suffix(2) == ["4377[\"ok\"]", "42[\"said\",{\"n\":1}]"])
        client.run(until: 1400)
        #expect(Array(client.times[0].suffix(2)) == [800, 1300])
        client.send("42[\"bye\"]")
        client.close()
        client.finish()
        #expect(client.server.isFinished)
        #expect(client.outcome.isFaithful, "\(client.outcome)")
        #expect(client.outcome.expected == 3 && client.outcome.matched == 3)
        #expect(client.outcome.lateness.maxNs == 0)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var sent: [String]
        var kinds: [Divergence.Kind]

        init(_ what: String, _ sent: [String], _ kinds: [Divergence.Kind]) {
            self.testDescription = what
            self.sent = sent
            self.kinds = kinds
        }
    }

    @Test(
        "what differs from the recording is told",
        arguments: [
            Fault("as recorded", ["420[\"say\",{\"n\":1}]", "42[\"bye\"]"], []),
            Fault("another value", ["420[\"say\",{\"n\":2}]", "42[\"bye\"]"], [.changed]),
            Fault("no ack asked for", ["42[\"say\",{\"n\":1}]", "42[\"bye\"]"], [.changed]),
            Fault("one more", ["420[\"say\",{\"n\":1}]", "42[\"hm\"]", "42[\"bye\"]"], [.unexpected]),
            Fault("one less", ["420[\"say\",{\"n\":1}]"], [.unexpected, .missing]),
            Fault("the wrong way round", ["42[\"bye\"]", "420[\"say\",{\"n\":1}]"], [.reordered]),
            Fault("a namespace of its own", ["40/other,", "420[\"say\",{\"n\":1}]", "42[\"bye\"]"], [.unexpected]),
            Fault(
                "an event where nothing is connected", ["42/other,[\"x\"]"],
                [.unexpected, .unexpected, .missing, .missing]),
            Fault("no packet at all", ["4{"], [.unexpected, .missing, .missing]),
        ])
    func divergences(fault: Fault) {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.chat)))
        client.connect()
        client.send("40")
        client.run(forMs: 100)
        for text in fault.sent {
            client.send(text)
            client.run(forMs: 1100)
        }
        client.close()
        client.finish()
        #expect(client.outcome.divergences.map(\.kind) == fault.kinds, "\(client.outcome)")
        #expect(client.outcome.isFaithful == fault.kinds.isEmpty)
    }

    @Test("a packet that never comes is waited for as the policy says") func policies() {
        for policy in ReplayServerSettings.Policy.allCases {
            var client = PlayedClient(
                Recordings.lineage(Recordings.script(Self.chat)), ReplayServerSettings(policy: policy))
            client.connect()
            client.send("40")
            client.finish()
            #expect(!client.outcome.isFaithful)
            #expect(
                client.outcome.waitedFor?.contains("say") ?? client.outcome.divergences.contains { $0.kind == .missing }
            )
            let ticks = client.times[0].indices.filter { client.got[0][$0].hasPrefix("42[\"tick\"") }
            switch policy {
            case .strict:
                #expect(ticks.isEmpty)
                #expect(client.outcome.waitedFor?.contains("say") == true)
            // 2 ms after open + 3 * 97 ms + 5 s, then as in the recording.
            case .lenient: #expect(ticks.map { client.times[0][$0] } == [5793, 6293])
            case .timed: #expect(ticks.map { client.times[0][$0] } == [600, 1100])
            }
            // An answer needs what it answers.
            #expect(!client.last.contains { $0.hasPrefix("43") })
        }
    }

    @Test("what comes after it was given up is late") func late() {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.chat)))
        client.connect()
        client.send("40")
        client.run(until: 5900)
        client.send("420[\"say\",{\"n\":1}]")
        client.run(until: 7000)
        client.send("42[\"bye\"]")
        client.finish()
        #expect(client.outcome.divergences.map(\.kind) == [.late])
        #expect(client.last.contains("430[\"ok\"]"))
    }

    @Test("binary packets are one unit, both ways") func binary() {
        let script = """
            0 S 0{}
            1 C 40
            2 S 40{"sid":"s"}
            10 C 452-7["up",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]
            10 C <0102>
            10 C <ff>
            12 S 461-7[{"_placeholder":true,"num":0}]
            12 S <aabb>
            """
        var client = PlayedClient(Recordings.lineage(Recordings.script(script)))
        client.connect()
        client.send("40")
        client.run(forMs: 20)
        client.send("452-0[\"up\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]")
        client.send("<0102>")
        client.send("<ff>")
        client.finish()
        #expect(client.said.suffix(2) == ["461-0[{\"_placeholder\":true,\"num\":0}]", "<aabb>"])
        #expect(client.outcome.isFaithful, "\(client.outcome)")
    }

    @Test(
        "the end is of the recorded class",
        arguments: [("close", "end close"), ("close 4001", "end close 4001"), ("fin", "end fin"), ("rst", "end rst")])
    func ends(recorded: String, live: String) {
        var client = PlayedClient(
            Recordings.lineage(Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n500 S \(recorded)")))
        client.connect()
        client.send("40")
        client.finish()
        #expect(client.last.last == live)
        #expect(client.times[0].last == 499)
        #expect(client.outcome.isFaithful)
    }

    @Test("several lives, and one that never comes") func lives() {
        let lineage = Recordings.lineage(
            Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"a\"}\n100 S fin"),
            Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"b\"}\n100 S 41", began: 1000, id: 2))
        var client = PlayedClient(lineage)
        client.connect()
        client.send("40")
        client.run(until: 500)
        #expect(client.last.last == "end fin")
        var gone = client
        gone.finish()
        #expect(gone.outcome.waitedFor == "connection 2 of 2 of the client")
        #expect(gone.outcome.divergences.map(\.kind) == [.missing])
        client.connect()
        client.send("40")
        client.finish()
        #expect(client.said.suffix(2) == ["40{\"sid\":\"b\"}", "41"])
        #expect(client.outcome.isFaithful && client.outcome.livesDone == 2)
    }
}
