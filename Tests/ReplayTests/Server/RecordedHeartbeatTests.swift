import Replay
import Testing
import TimelineModel

/// `--heartbeat recorded`: what the recording's silence does to a client is none of its faults.
@Suite struct RecordedHeartbeatTests {
    /// Pings at 1 and 2 s, and silence from then on. The recorded client bore it.
    static let silent =
        "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n1000 S 2\n1001 C 3\n2000 S 2\n2001 C 3\n"
        + "2500 C 42[\"a\"]\n9000 C 42[\"b\"]\n9500 C close"

    private func client(
        _ script: String = Self.silent, version: Int = 4, pace: Pace = .recorded,
        heartbeat:
            ReplayServerSettings.Heartbeat = .recorded, more: RecordedSession...
    ) -> PlayedClient {
        let session = Recordings.script(script, version: version, pingInterval: 1000, pingTimeout: 500)
        var client = PlayedClient(
            RecordedLineage(lives: ([session] + more).map { .session($0) }),
            ReplayServerSettings(pace: pace, heartbeat: heartbeat))
        client.connect("/socket.io/?EIO=\(version)&transport=websocket")
        if version == 4 { client.send("40") }
        return client
    }

    @Test("beyond the recording the heartbeat goes on: the time for wrong timers holds no silence")
    func goesOn() throws {
        var client = PlayedClient(
            try Recordings.capture("flap"), ReplayServerSettings(pace: .times(10), heartbeat: .recorded))
        client.connect()
        client.send("40/realtime,{}")
        for number in 1...3 {
            client.run(until: Int64(number) * 700)
            client.send("42/realtime,[\"say\",{\"seq\":\(number),\"text\":\"hello\"}]")
        }
        client.finish()
        let pings = zip(client.last, client.times[0]).filter { $0.0 == "2" }.map(\.1)
        // pingInterval and pingTimeout are 250 and 200 ms.
        #expect(pings.first == 250)
        #expect(zip(pings, pings.dropFirst()).allSatisfy { $1 - $0 <= 250 })
        #expect(pings.count > 8)
        #expect(client.outcome.isFaithful, "\(client.outcome)")
    }

    @Test("a client that gives a silent server up does right: what it would have said later is not asked for")
    func watchdog() {
        var client = self.client()
        client.run(until: 2500)
        client.send("42[\"a\"]")
        client.run(until: 3500)
        #expect(client.said.last == "40{\"sid\":\"s\"}")
        client.close()
        client.finish()
        #expect(client.outcome.isFaithful, "\(client.outcome)")
        #expect(client.outcome.livesDone == 1 && client.outcome.matched == 2 && client.outcome.expected == 2)
        #expect(client.outcome.remarks.count == 1)
    }

    @Test("what it should have said before is missing, and so is all where it goes too early")
    func early() {
        var quiet = self.client()
        quiet.run(until: 3500)
        quiet.close()
        quiet.finish()
        #expect(quiet.outcome.divergences.map(\.kind) == [.missing])
        var early = self.client()
        early.run(until: 2500)
        early.send("42[\"a\"]")
        early.run(until: 3000)
        early.close()
        early.finish()
        #expect(early.outcome.divergences.map(\.kind) == [.unexpected, .missing])
    }

    @Test("one that comes again and leaves its old connection open lets go of it, at any pace", arguments: [1.0, 10])
    func forsaken(factor: Double) {
        let second = Recordings.script(
            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"t\"}\n100 C 42[\"c\"]\n200 C close", pingInterval: 1000,
            pingTimeout: 500, began: 11_000, id: 2)
        var client = self.client(pace: .times(factor), more: second)
        if factor == 1 {
            client.run(until: 2500)
            client.send("42[\"a\"]")
        }
        client.run(until: factor == 1 ? 4000 : 800)
        client.connect()
        client.send("40")
        client.run(forMs: 100)
        client.send("42[\"c\"]")
        client.run(forMs: 20)
        client.close()
        client.finish()
        #expect(client.outcome.isFaithful, "\(client.outcome)")
        #expect(client.outcome.livesDone == 2)
    }

    @Test("a pong that does not come ends the session as with live heartbeats")
    func noPong() {
        var client = self.client()
        client.answersPings = false
        client.run(until: 1499)
        #expect(client.last.last == "2")
        client.run(until: 1500)
        #expect(client.last.last == "end close")
        client.finish()
        #expect(!client.outcome.isFaithful)
    }

    @Test("version 3: the answer that a recorded ping lacked is not given again, and later ones are")
    func version3() {
        let script =
            "0 S 0{}\n1 S 40\n1000 C 2\n1020 S 3\n2000 C 2\n3000 C 2\n3040 S 3\n4000 C 42[\"a\"]\n4100 C close"
        var client = self.client(script, version: 3, pace: .times(2))
        for number in 1...4 {
            client.run(until: Int64(number) * 500)
            client.send("2")
        }
        client.run(until: 2000)
        let pongs = zip(client.last, client.times[0]).filter { $0.0 == "3" }.map(\.1)
        #expect(pongs == [510, 1520, 2000])
        client.send("42[\"a\"]")
        client.finish()
        #expect(client.outcome.isFaithful)
    }

    @Test(
        "version 3: a client that gets no answer may leave",
        arguments: [(1300, false), (1500, true)] as [(Int64, Bool)])
    func version3Leaves(ms: Int64, isRight: Bool) {
        var client = self.client(
            "0 S 0{}\n1 S 40\n1000 C 2\n5000 C 42[\"a\"]\n5100 C close", version: 3)
        client.run(until: 1000)
        client.send("2")
        client.run(until: ms)
        client.close()
        client.finish()
        #expect(client.outcome.isFaithful == isRight, "\(client.outcome)")
    }
}
