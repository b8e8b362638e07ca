import EngineIO
import Replay
import TestSupport
import Testing
import TimelineModel

/// Recordings are untrusted, and so are clients: nothing crashes, and every replay comes to an end.
@Suite struct ServerRobustnessTests {
    private static let texts = [
        "2", "3", "2probe", "5", "6", "1", "0{}", "4", "40", "41", "42", "42[]", "42[\"a\"]", "421[\"a\",1]",
        "430[1]", "40/n,", "42/n,7[\"b\"]", "41/n,", "451-[\"x\",{\"_placeholder\":true,\"num\":0}]", "44{}", "9", "",
        "<>", "<01>", "<84a474797065>", "4\u{1E}",
    ]
    private static let times: [Int64] = [0, 1, 2, 100, 500, 25_000, -5, .max / 1_000_000_000, .min / 1_000_000_000]

    private func recording(_ random: inout SeededRandom) -> RecordedSession {
        var session = Recordings.script(
            "0 S 0{}", version: Bool.random(using: &random) ? 4 : 3,
            pingInterval: [0, -1, 300, .max].randomElement(using: &random) ?? 0,
            pingTimeout: [0, -1, 200, .max].randomElement(using: &random) ?? 0)
        session.facts.parser = [.json, .msgpack, nil].randomElement(using: &random) ?? nil
        session.facts.maxPayload = [nil, 0, -3, 10, .max].randomElement(using: &random) ?? nil
        session.facts.endClass = EndClass.allCases.randomElement(using: &random)
        session.facts.endedBy = [.client, .server, nil].randomElement(using: &random) ?? nil
        session.facts.ended = Bool.random(using: &random) ? self.time(&random) : nil
        session.facts.completeHead = Bool.random(using: &random)
        session.facts.sid = ["", "a/b", "redacted:0123456789abcdef", nil].randomElement(using: &random) ?? nil
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            session.packets.append(
                RecordedPacket(
                    frameID: 1, at: self.time(&random), sender: Bool.random(using: &random) ? .client : .server,
                    transport: Bool.random(using: &random) ? .polling : .websocket, content: self.content(&random)))
        }
        return session
    }

    private func time(_ random: inout SeededRandom) -> Timestamp {
        let ms = Self.times.randomElement(using: &random) ?? 0
        return Timestamp(nanoseconds: ms.multipliedReportingOverflow(by: 1_000_000).partialValue)
    }

    private func content(_ random: inout SeededRandom) -> RecordedPacket.Content {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .engineIO(EngineIOType.allCases.randomElement(using: &random) ?? .ping, "x")
        case 1: return .message(.text("{"))
        default:
            let id = [nil, 0, 1, Int64.max, Int64.min].randomElement(using: &random) ?? nil
            return .socketIO(
                ScriptedPacket(
                    type: SocketIOType.allCases.randomElement(using: &random) ?? .event,
                    namespace: ["/", "/n", "", "heartbeat"].randomElement(using: &random) ?? "/", event: "a", ackID: id,
                    payload: [nil, "[\"a\"]", "{", "{\"sid\":1}"].randomElement(using: &random) ?? nil,
                    announced: [0, 1, -1, .max].randomElement(using: &random) ?? 0))
        }
    }

    @Test("anything recorded, played to a client that does anything", arguments: 0..<400) func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let lives = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            RecordedLineage.Life.session(self.recording(&random))
        }
        let settings = ReplayServerSettings(
            pace: [.recorded, .times(0.5), .times(1e300), .times(1e-300), .fast].randomElement(using: &random) ?? .fast,
            policy: ReplayServerSettings.Policy.allCases.randomElement(using: &random) ?? .strict,
            heartbeat: ReplayServerSettings.Heartbeat.allCases.randomElement(using: &random) ?? .live,
            profile: ReplayServerSettings.Profile.allCases.randomElement(using: &random) ?? .node,
            afterLast: ReplayServerSettings.AfterLast.allCases.randomElement(using: &random) ?? .refuse,
            limitNs: 60_000_000_000, ignoring: ["", "/0", "//*"])
        var client = PlayedClient(RecordedLineage(lives: lives), settings)
        let version = lives.first.map { if case .session(let s) = $0 { s.facts.engineIOVersion ?? 4 } else { 4 } } ?? 4
        for _ in 0..<40 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: client.connect("/socket.io/?EIO=\(version)&transport=websocket")
            case 1: client.close(wasReset: Bool.random(using: &random))
            case 2: client.run(forMs: [1, 500, 5000].randomElement(using: &random) ?? 1)
            case 3:
                let sid = ["", "&sid=replay-1", "&sid=recorded-1"].randomElement(using: &random) ?? ""
                let method = ["GET", "POST", "PUT"].randomElement(using: &random) ?? "GET"
                client.request(
                    method, "/socket.io/?EIO=\(version)&transport=polling\(sid)",
                    Self.texts.randomElement(using: &random) ?? "", on: Int.random(in: 900...903, using: &random))
            default:
                client.send(
                    Self.texts.randomElement(using: &random) ?? "",
                    on: max(0, client.connection - Int.random(in: 0...1, using: &random)))
            }
        }
        client.finish()
        #expect(client.server.isFinished)
        #expect(client.server.deadline == nil)
    }

    @Test("a client that never comes, and one whose process ends") func absent() {
        let lineage = Recordings.lineage(Recordings.script(ScriptTests.chat))
        var absent = PlayedClient(lineage, ReplayServerSettings(limitNs: 5_000_000_000))
        absent.finish()
        #expect(absent.ms == 5000)
        #expect(absent.outcome.waitedFor == "the client to connect, until the limit of 5.000 s")
        #expect(absent.outcome.divergences.map(\.kind) == [.missing])
        var gone = PlayedClient(lineage)
        gone.handle(.clientGone)
        #expect(gone.server.isFinished)
        #expect(gone.outcome.waitedFor == "the client to connect, until the client ended")
        #expect(gone.outcome.expected == 3)
        var crashed = PlayedClient(lineage)
        crashed.connect()
        crashed.send("40")
        crashed.close(wasReset: true)
        #expect(crashed.server.isFinished, "nothing more can change the verdict")
        #expect(crashed.outcome.divergences.map(\.kind) == [.unexpected, .missing, .missing])
        var hanging = PlayedClient(lineage)
        hanging.connect()
        hanging.finish()
        #expect(hanging.outcome.waitedFor?.hasPrefix("event [\"bye\"]") == true || hanging.outcome.waitedFor != nil)
        #expect(hanging.ms < 15_000)
    }

    @Test("a flood of packets costs its own length only") func flood() {
        var client = PlayedClient(Recordings.lineage(Recordings.script(ScriptTests.chat)))
        client.connect()
        client.send("40")
        for number in 0..<20_000 { client.send("42[\"flood\",\(number)]") }
        client.close()
        client.finish()
        #expect(client.outcome.divergences.count < 2_000)
        #expect(!client.outcome.isFaithful)
    }
}
