import Replay
import Testing
import TimelineModel

/// Heartbeats of the played server, and what it does about a client that gets them wrong.
@Suite struct ServerHeartbeatTests {
    static let minute = "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n59000 C 42[\"bye\"]\n60000 C close"

    private func client(_ script: String, _ settings: ReplayServerSettings = .init()) -> PlayedClient {
        var client = PlayedClient(Recordings.lineage(Recordings.script(script)), settings)
        client.connect()
        client.send("40")
        return client
    }

    @Test("it pings an interval after each pong, and ends the session without one") func live() {
        var client = self.client(Self.minute)
        client.run(until: 51000)
        #expect(
            client.times[0].filter { client.got[0][client.times[0].firstIndex(of: $0) ?? 0] == "2" }
                == [25000, 50000])
        client.answersPings = false
        client.run(until: 58000)
        client.send("3")
        client.run(until: 200_000)
        #expect(client.last.contains("end close"))
        #expect(!client.outcome.isFaithful)
    }

    @Test("a client ping ends the session under the strict profile and passes under the lenient one") func profiles() {
        for profile in ReplayServerSettings.Profile.allCases {
            var client = self.client(Self.minute, ReplayServerSettings(profile: profile))
            client.run(until: 25_000)
            client.send("2")
            #expect((client.last.last == "end close") == (profile != .python))
            client.run(until: 59_000)
            client.send("42[\"bye\"]")
            client.finish()
            #expect(client.outcome.matched == (profile == .python ? 2 : 1))
            // A ping is never matched with anything; that it came is for the rules to say.
            #expect(client.outcome.divergences.contains { $0.kind == .missing } == (profile != .python))
        }
    }

    @Test("a recorded server that let client pings pass lets them pass") func ignoring() {
        let script =
            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n2500 C 2\n5000 S 2\n5001 C 3\n9000 C 42[\"bye\"]\n9500 C close"
        var client = self.client(script)
        client.run(until: 2500)
        client.send("2")
        client.run(until: 9000)
        client.send("42[\"bye\"]")
        client.finish()
        #expect(client.said.count == 2)
        #expect(client.outcome.isFaithful)
        // A client that does not ping passes as well.
        var fixed = self.client(script)
        fixed.run(until: 9000)
        fixed.send("42[\"bye\"]")
        fixed.finish()
        #expect(fixed.outcome.isFaithful)
    }

    @Test("a pong within pingTimeout is in time, and one behind it is not, at any pace", arguments: [1.0, 10])
    func latePong(factor: Double) {
        for (share, isInTime) in [(0.9, true), (1.1, false)] {
            var client = self.client(Self.minute, ReplayServerSettings(pace: .times(factor)))
            client.answersPings = false
            client.run(until: Int64(25_000 / factor))
            #expect(client.last.last == "2")
            client.run(forMs: Int64(20_000 * share / factor))
            client.send("3")
            #expect(client.isOpen == isInTime)
            client.answersPings = true
            client.run(until: 59_000)
            client.send("42[\"bye\"]")
            client.finish()
            #expect(client.outcome.isFaithful == isInTime, "\(client.outcome)")
        }
    }

    @Test("intervals of nothing divide nothing and hang nothing", arguments: [(0, 1000), (0, 0), (-5, -5), (1000, 0)])
    func zero(interval: Int, timeout: Int) {
        for heartbeat in ReplayServerSettings.Heartbeat.allCases {
            for pace in [Pace.recorded, .times(10), .times(0.001), .fast] {
                var client = PlayedClient(
                    Recordings.lineage(
                        Recordings.script(
                            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n300 S 2\n301 C 3\n600 S 2\n2000 C 42[\"bye\"]\n2100 C close",
                            pingInterval: interval, pingTimeout: timeout)),
                    ReplayServerSettings(pace: pace, heartbeat: heartbeat))
                client.connect()
                client.send("40")
                client.run(until: 2000)
                client.send("42[\"bye\"]")
                client.finish()
                #expect(client.server.isFinished)
                #expect(client.outcome.isFaithful, "\(client.outcome)")
                #expect(client.last.count(where: { $0 == "2" }) < 10_000)
            }
        }
    }

    @Test("recorded heartbeats come when they came, and none with off") func modes() {
        let script = "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n700 S 2\n701 C 3\n3000 S 2\n3001 C 3\n4000 C close"
        var recorded = self.client(script, ReplayServerSettings(heartbeat: .recorded))
        recorded.finish()
        #expect(Array(recorded.times[0].suffix(2)) == [700, 3000])
        #expect(recorded.outcome.isFaithful)
        var off = self.client(script, ReplayServerSettings(heartbeat: .off))
        off.finish()
        #expect(!off.last.contains("2"))
        #expect(off.last.first?.contains("\"pingInterval\":1000000000") == true)
    }

    @Test("heartbeat times shrink with the pace, to 200 ms at least") func scaled() {
        let client = self.client(Self.minute, ReplayServerSettings(pace: .times(50)))
        #expect(client.last.first?.contains("\"pingInterval\":500,\"pingTimeout\":400") == true)
        let fast = self.client(Self.minute, ReplayServerSettings(pace: .fast))
        #expect(fast.last.first?.contains("\"pingInterval\":200,\"pingTimeout\":200") == true)
    }

    @Test("version 3: the client pings, and is given up without") func version3() {
        let script = "0 S 0{}\n1 S 40\n900 C 42[\"a\"]\n1000 C close"
        var client = PlayedClient(
            Recordings.lineage(Recordings.script(script, version: 3, pingInterval: 300, pingTimeout: 200)))
        client.connect("/socket.io/?EIO=3&transport=websocket")
        client.run(until: 300)
        client.send("2")
        #expect(client.said.suffix(2) == ["40", "3"])
        client.run(until: 700)
        client.send("2x")
        #expect(client.last.last == "3x")
        client.run(until: 899)
        client.send("42[\"a\"]")
        var silent = client
        client.run(until: 1000)
        client.close()
        client.finish()
        #expect(client.outcome.isFaithful)
        silent.run(until: 5000)
        #expect(silent.outcome.isFaithful, "all was said before it fell silent")
    }
}
