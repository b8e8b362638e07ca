import EngineIO
@testable import Replay
import TestSupport
import Testing
import TimelineModel

/// Recordings are untrusted, and so are servers: whatever they hold or say, a replay ends and breaks nothing.
@Suite("The client role, whatever comes")
struct ClientSweepTests {
    static let texts = [
        "0", "0{}", "0{\"sid\":\"a\",\"pingInterval\":0,\"pingTimeout\":-5,\"maxPayload\":-1}", "1", "2", "2probe", "3",
        "3probe", "40", "40{\"sid\":\"recorded-x\",\"pid\":\"p\"}", "40/a,", "40/a,{\"sid\":\"y\"}", "41", "41/a,",
        "42[\"e\",1]", "42[\"e\",{\"k\":\"recorded-x\"}]", "429223372036854775807[\"e\"]", "43[]", "430[1]", "431[2]",
        "44{\"message\":\"no\"}", "44/a,\"no\"", "4", "4x", "42", "42{}", "450-[\"b\"]",
        "461-3[{\"_placeholder\":true,\"num\":0}]",
        "4599999999-[\"b\",{\"_placeholder\":true,\"num\":0}]", "5", "6", "b!", "", "9", "\u{1E}", "42/a,7[\"é😀\"]",
    ]

    static func session(_ random: inout SeededRandom, id: Int64) -> RecordedSession {
        var at = Timestamp(nanoseconds: Int64.random(in: -5...5, using: &random) * 1_000_000_000)
        var facts = SessionFacts(id: id, sid: Bool.random(using: &random) ? "recorded-eio" : nil, opened: at)
        facts.engineIOVersion = [nil, 3, 4, 17].randomElement(using: &random) ?? nil
        facts.transports = [[], [.websocket], [.polling], [.polling, .websocket]].randomElement(using: &random) ?? []
        facts.path = [nil, "", "/x?y#z", "/socket.io/"].randomElement(using: &random) ?? nil
        facts.endClass = ([nil] + EndClass.allCases).randomElement(using: &random) ?? nil
        facts.endedBy = [nil, .client, .server].randomElement(using: &random) ?? nil
        facts.parser = [nil, .json, .msgpack].randomElement(using: &random) ?? nil
        facts.ended =
            Bool.random(using: &random) ? Timestamp(nanoseconds: .random(in: .min ... .max, using: &random)) : nil
        var collector = SessionCollector(facts)
        for number in 0..<Int64.random(in: 0...30, using: &random) {
            let step = Int64.random(in: -2_000_000_000...5_000_000_000, using: &random)
            at = at.advanced(byNs: Int.random(in: 0..<40, using: &random) == 0 ? step &* 1_000_000_000 : step)
            let sender: Sender = Bool.random(using: &random) ? .client : .server
            let text = Self.texts.randomElement(using: &random) ?? ""
            collector.see(Script.frame(number, at, sender, text, isBinary: false, facts.engineIOVersion ?? 4))
            if Int.random(in: 0..<5, using: &random) == 0 {
                collector.see(Script.frame(number, at, sender, "1,2,3", isBinary: true, 4))
            }
        }
        return collector.finish()
    }

    /// Answers each request and message with something.
    static func server(_ seed: UInt64) -> ScriptedServer {
        ScriptedServer { server, event, now in
            var random = SeededRandom(seed: seed &+ UInt64(server.heard.count))
            func some() -> EngineIOPacket.Content {
                let text = Self.texts.randomElement(using: &random) ?? ""
                return Int.random(in: 0..<4, using: &random) == 0 ? .binary(Array(text.utf8)) : .text(text)
            }
            let open = "0{\"sid\":\"s\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,\"pingTimeout\":200}"
            switch event {
            case .request(let request, let link):
                if request.header("Upgrade") != nil {
                    let first = Int.random(in: 0..<5, using: &random) == 0 ? some() : .text(open)
                    return [
                        .acceptWebSocket(on: link, deflate: false), .send(first, on: link), .send(some(), on: link),
                    ]
                }
                guard case .text(let text) = some() else { return [.respond(HTTPResponse(status: 400), on: link)] }
                let body = request.target.contains("sid=") ? text : open
                return [.respond(HTTPResponse(status: 200, body: Array(body.utf8)), on: link)]
            case .message(_, let link):
                switch Int.random(in: 0..<20, using: &random) {
                case 0: return [.end(.webSocketClose(code: 1000, reason: ""), on: link)]
                case 1: return [.end(.fin, on: link)]
                case 2: return [.end(.reset, on: link)]
                default: return [.send(some(), on: link), .send(some(), on: link)]
                }
            case .clientGone:
                server.isFinished = true
                return []
            case .timePassed, .control, .broken, .closed: return []
            }
        }
    }

    @Test("a replay ends", arguments: 0..<400)
    func ends(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let lives = (0..<Int64.random(in: 0...3, using: &random)).map { Self.session(&random, id: $0 + 1) }
        let settings = ReplayClientSettings(
            pace: [.recorded, .times(10), .times(0.001), .fast].randomElement(using: &random) ?? .fast,
            transport: ReplayClientSettings.TransportChoice.allCases.randomElement(using: &random) ?? .asRecorded,
            misbehaviour: ([nil] + Misbehaviour.allCases).randomElement(using: &random) ?? nil,
            limitNs: 60_000_000_000)
        let lineage = RecordedLineage(lives: lives.map { .session($0) })
        var network = MemoryNetwork(server: Self.server(UInt64(seed)), client: ReplayClient(lineage, settings))
        var witness = BlindWitness()
        let end = network.run(&witness)
        #expect(end == .finished)
        #expect(network.client.isFinished)
        let lasted = network.now.nanoseconds(since: MemoryNetworkSettings.beginning)
        #expect(lasted <= 70_000_000_000)
        #expect(network.client.outcome.matched <= network.client.outcome.expected)
    }

    @Test("the cost of a long session is linear", .timeLimit(.minutes(2)))
    func linear() {
        func seconds(_ count: Int) -> Double {
            var script = Script([ReplayClientTests.open] + ReplayClientTests.joined)
            for number in 0..<count {
                script.lines += ["> +10 42[\"message\",\(number)]", "< +1 42[\"message-back\",\(number)]"]
            }
            let lineage = script.lineage
            let clock = ContinuousClock()
            let time = clock.measure {
                var network = MemoryNetwork(server: LiveServer(), client: ReplayClient(lineage))
                var witness = BlindWitness()
                _ = network.run(&witness)
                #expect(network.client.outcome.matched == count + 1)
            }
            return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        }
        _ = seconds(100)
        let (short, long) = (seconds(1_000), seconds(8_000))
        #expect(long / short < 24, "eight times the length, \(long / short) times the time")
    }
}
