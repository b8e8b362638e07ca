import EngineIO
@testable import Replay
import Testing
import TimelineModel

@Suite("The client role")
struct ReplayClientTests {
    static let open = "< +0 0{\"sid\":\"recorded-eio-1\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000}"
    static let joined = ["> +1 40", "< +2 40{\"sid\":\"recorded-sio\"}"]

    struct Played {
        var outcome: ReplayOutcome
        var server: LiveServer
        var run: DecodedRun
        var end: MemoryNetworkEnd
        var lastedMs: Int64
    }

    static func play(
        _ lineage: RecordedLineage, _ settings: ReplayClientSettings = .init(),
        _ server: LiveServer.Settings = .init(), auth: @escaping @Sendable (String, String?) -> String? = { $1 }
    ) -> Played {
        let network = MemoryNetworkSettings(auth: auth)
        var memory = MemoryNetwork(server: LiveServer(server), client: ReplayClient(lineage, settings), network)
        let run = DecodedRun()
        var witness = run
        let end = memory.run(&witness)
        return Played(
            outcome: memory.client.outcome, server: memory.server, run: run, end: end,
            lastedMs: memory.now.nanoseconds(since: network.start) / 1_000_000)
    }

    static let echo = [
        open, "> +1 40", "< +2 40{\"sid\":\"recorded-sio\"}", "> +30 42[\"message\",1,{\"a\":\"b\"}]",
        "< +2 42[\"message-back\",1,{\"a\":\"b\"}]", "> +50 427[\"ask\",\"x\"]", "< +1 437[\"x\"]",
        "> +5 452-[\"message\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]", ">* +0 1,2,3",
        ">* +0 4", "< +3 452-[\"message-back\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]",
        "<* +0 1,2,3", "<* +0 4", "> +1 40/admin,", "< +2 40/admin,{\"sid\":\"recorded-admin\"}",
        "> +5 42/admin,[\"message\",\"hi\"]", "< +2 42/admin,[\"message-back\",\"hi\"]", "> +4 41/admin,",
    ]

    @Test(
        "what was recorded plays cleanly over each transport and both versions",
        arguments: [EngineIOVersion.v4, .v3], [[Transport.websocket], [.polling], [.polling, .websocket]])
    func clean(_ version: EngineIOVersion, _ transports: [Transport]) {
        var script = Script(Self.echo)
        if version == .v3 {
            script.lines = script.lines.filter { $0 != "> +1 40" }.map {
                $0.hasPrefix("< +2 40{") ? "< +2 40" : $0.hasPrefix("< +2 40/admin,") ? "< +2 40/admin," : $0
            }
        }
        script.version = version.rawValue
        script.transports = transports
        var server = LiveServer.Settings()
        server.version = version
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.divergences == [])
        #expect(played.outcome.isFaithful)
        #expect(played.outcome.matched == 6)
        #expect(played.outcome.expected == 6)
        #expect(played.outcome.livesDone == 1)
        #expect(played.server.overlaps == 0)
        #expect(played.server.said.contains("427[\"ask\",\"x\"]") == false)
        #expect(played.server.said.contains("27[\"ask\",\"x\"]"))
        #expect(played.run.findings().filter { $0 != "ws-close-empty" && $0 != "stuck-in-polling" } == [])
        #expect(played.run.sessions.map(\.transports) == [transports])
        #expect(played.run.sessions.map(\.endedBy) == [.client])
    }

    // MARK: Heartbeats

    @Test("a recorded ping of the client is not sent, nor any other heartbeat of the recording")
    func recordedPing() {
        var script = Script([Self.open] + Self.joined + ["> +25000 2", "< +1 3", "> +100 3", "> +5 42[\"message\",1]"])
        script.endedBy = .server
        script.endMs = 1
        let played = Self.play(script.lineage)
        #expect(played.outcome.isFaithful)
        #expect(played.server.types.filter { $0 == .ping }.isEmpty)
        #expect(played.server.types.filter { $0 == .pong }.count == 1, "the server's own ping at 25 s is answered")
        #expect(!played.run.findings().contains("eio4-client-ping"))
        #expect(played.lastedMs < 60_000)
    }

    @Test("a server that stops pinging is left, and that is told")
    func watchdog() {
        var script = Script([Self.open] + Self.joined)
        script.endMs = 300_000
        var server = LiveServer.Settings()
        server.pings = false
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.divergences.map(\.kind) == [.unexpected])
        #expect(played.outcome.divergences.first?.detail.contains("nothing for 45000 ms") == true)
        #expect(played.lastedMs < 46_000)
        #expect(played.run.findings().contains("server-ping-missed"))
    }

    @Test("pingInterval 0 hangs nothing", arguments: [EngineIOVersion.v4, .v3])
    func noInterval(_ version: EngineIOVersion) {
        var script = Script([Self.open] + (version == .v4 ? Self.joined : ["< +1 40"]) + ["> +60000 42[\"message\",1]"])
        script.version = version.rawValue
        var server = LiveServer.Settings()
        server.version = version
        server.pingIntervalMs = 0
        server.pingTimeoutMs = 0
        server.answers = { _ in [] }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
        #expect(
            played.server.types.filter { $0 == .ping }.count == (version == .v3 ? 2 : 0), "25 s where none is named")
    }

    // MARK: Namespaces

    @Test("nothing is said in a namespace before the server accepted it, whatever was recorded")
    func waits() {
        let script = Script([
            Self.open, "> +1 42[\"message\",0]", "> +0 40", "> +0 42[\"message\",1]", "< +5 40{\"sid\":\"s\"}",
            "> +0 40", "> +1 42/late,[\"message\",2]",
        ])
        var server = LiveServer.Settings()
        server.isStrict = true
        server.connectNs = 300_000_000
        server.answers = { _ in [] }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
        #expect(
            played.server.said == ["0", "2[\"message\",0]", "2[\"message\",1]", "0/late,", "2/late,[\"message\",2]"])
        #expect(played.run.findings().filter { $0 != "ws-close-empty" } == [])
    }

    @Test("a refusal that is not in the recording is a change, and what depends on it is not asked for")
    func refused() throws {
        let script = Script(
            [Self.open] + Self.joined + ["> +1 42[\"message\",1]", "< +1 42[\"message-back\",1]"])
        var server = LiveServer.Settings()
        server.refuses = ["/": "{\"message\":\"no\"}"]
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.divergences.map(\.kind) == [.changed])
        #expect(played.server.said == ["0"])
        #expect(played.lastedMs < 1_000)
    }

    @Test("a recorded refusal is what is expected")
    func refusedAsRecorded() {
        let script = Script([Self.open, "> +1 40/x,{\"token\":\"bad\"}", "< +1 44/x,{\"message\":\"no\"}"])
        var server = LiveServer.Settings()
        server.refuses = ["/x": "{\"message\":\"no\"}"]
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
        #expect(played.outcome.matched == 1)
    }

    @Test("auth is asked for at each CONNECT")
    func auth() {
        let script = Script([Self.open, "> +1 40{\"token\":\"redacted\"}", "< +1 40{\"sid\":\"s\"}"])
        let played = Self.play(
            RecordedLineage([script, script]), .init(),
            auth: { namespace, recorded in "{\"for\":\"\(namespace)\",\"was\":\(recorded ?? "0")}" })
        #expect(played.outcome.isFaithful)
        #expect(
            played.server.said == Array(repeating: "0{\"for\":\"/\",\"was\":{\"token\":\"redacted\"}}", count: 2))
    }

    // MARK: Values

    @Test("what the server hands out takes the place of what was recorded")
    func correlation() {
        let script = Script([
            Self.open, "> +1 40", "< +2 40{\"sid\":\"recorded-sio-id\"}", "> +1 42[\"message\",\"hello\"]",
            "< +1 42[\"room\",{\"id\":\"room-recorded\",\"n\":123456}]",
            "> +1 42[\"enter\",{\"room\":\"room-recorded\",\"as\":\"recorded-sio-id\",\"n\":123456},\"hello\"]",
        ])
        var server = LiveServer.Settings()
        server.answers = { packet in
            guard packet.event == "message" else { return [] }
            let payload = "[\"room\",{\"id\":\"room-live-1\",\"n\":654321}]"
            return [LiveServer.Answer(packet: ScriptedPacket(type: .event, event: "room", payload: payload))]
        }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.divergences == [])
        #expect(
            played.server.said.last
                == "2[\"enter\",{\"room\":\"room-live-1\",\"as\":\"live-sio-1\",\"n\":654321},\"hello\"]")
    }

    @Test("a sid that comes before the answer to CONNECT, as python sends it, is no difference")
    func earlySid() {
        let script = Script([
            Self.open, "> +1 40/a,", "< +1 40/a,{\"sid\":\"recorded-a\"}", "> +1 42/a,[\"message\"]",
            "< +1 42/a,[\"welcome\",{\"you\":\"recorded-b\"}]", "> +1 40/b,", "< +1 40/b,{\"sid\":\"recorded-b\"}",
        ])
        var server = LiveServer.Settings()
        server.answers = { packet in
            guard packet.event == "message" else { return [] }
            let payload = "[\"welcome\",{\"you\":\"live-b\"}]"
            return [
                LiveServer.Answer(
                    packet: ScriptedPacket(type: .event, namespace: "/a", event: "welcome", payload: payload))
            ]
        }
        #expect(Self.play(script.lineage, .init(), server).outcome.divergences == [])
    }

    @Test("the server's events are answered with its live ids")
    func acks() {
        let script = Script(
            [Self.open] + Self.joined + [
                "> +1 42[\"message\",1]", "< +1 4217[\"question\"]", "> +1 4317[\"answer\"]",
            ])
        var server = LiveServer.Settings()
        server.answers = { packet in
            guard packet.event == "message" else { return [] }
            let question = ScriptedPacket(type: .event, event: "question", ackID: 99, payload: "[\"question\"]")
            return [LiveServer.Answer(packet: question)]
        }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
        #expect(played.server.said.last == "399[\"answer\"]")
    }

    @Test("a reconnect asks to be recovered with what the live server handed out")
    func recovery() {
        let first = Script([
            Self.open, "> +1 40", "< +1 40{\"sid\":\"s-recorded\",\"pid\":\"p-recorded\"}", "> +1 42[\"message\",1]",
            "< +1 42[\"message-back\",1,\"off-recorded\"]",
        ])
        var second = Script([
            Self.open, "> +1 40{\"pid\":\"p-recorded\",\"offset\":\"off-recorded\",\"token\":1}",
            "< +1 40{\"sid\":\"s-recorded\",\"pid\":\"p-recorded\"}",
        ])
        second.startMs = 3_000
        var server = LiveServer.Settings()
        server.recovers = true
        server.answers = { packet in
            let payload = "[\"message-back\",1,\"off-live\"]"
            return [LiveServer.Answer(packet: ScriptedPacket(type: .event, event: "message-back", payload: payload))]
        }
        let played = Self.play(RecordedLineage([first, second]), .init(), server)
        #expect(played.outcome.divergences == [])
        #expect(played.server.said.last == "0{\"pid\":\"live-pid-1\",\"offset\":\"off-live\",\"token\":1}")
        #expect(played.outcome.livesDone == 2)
    }

    // MARK: What the server says

    struct Answers: Sendable, CustomTestStringConvertible {
        let name: String
        let said: [String]
        let kinds: [Divergence.Kind]
        var delayMs: Int64 = 0
        var testDescription: String { self.name }
    }

    static let answerCases = [
        Answers(name: "the same", said: ["[\"a\",1]", "[\"b\",{\"x\":1,\"y\":2}]"], kinds: []),
        Answers(name: "keys in another order", said: ["[\"a\",1]", "[\"b\",{\"y\":2.0,\"x\":1}]"], kinds: []),
        Answers(name: "one missing", said: ["[\"a\",1]"], kinds: [.missing]),
        Answers(name: "one more", said: ["[\"a\",1]", "[\"a\",1]", "[\"b\",{\"x\":1,\"y\":2}]"], kinds: [.unexpected]),
        Answers(name: "another value", said: ["[\"a\",1]", "[\"b\",{\"x\":1,\"y\":3}]"], kinds: [.changed]),
        Answers(name: "another order", said: ["[\"b\",{\"x\":1,\"y\":2}]", "[\"a\",1]"], kinds: [.reordered]),
        Answers(
            name: "slow, but in time", said: ["[\"a\",1]", "[\"b\",{\"x\":1,\"y\":2}]"], kinds: [], delayMs: 4_000),
    ]

    @Test("what the server says is held against the recording", arguments: answerCases)
    func compares(_ test: Answers) {
        let script = Script(
            [Self.open] + Self.joined + [
                "> +1 42[\"message\",1]", "< +1 42[\"a\",1]", "< +1 42[\"b\",{\"x\":1,\"y\":2}]", "> +1 42[\"end\"]",
            ])
        var server = LiveServer.Settings()
        server.answers = { packet in
            guard packet.event == "message" else { return [] }
            return test.said.map { payload in
                let name = String(payload.dropFirst(2).prefix(1))
                return LiveServer.Answer(
                    afterNs: test.delayMs * 1_000_000,
                    packet: ScriptedPacket(type: .event, event: name, payload: payload))
            }
        }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.divergences.map(\.kind) == test.kinds)
        #expect(played.server.said.last == "2[\"end\"]", "it goes on")
        if test.kinds == [.changed] {
            #expect(
                played.outcome.divergences.first?.differences == [
                    JSONDifference(pointer: "/0/y", recorded: "2", live: "3")
                ])
        }
    }

    @Test("a place that is to be ignored may hold anything")
    func ignored() {
        let script = Script(
            [Self.open] + Self.joined + [
                "> +1 42[\"message\",{\"n\":1,\"m\":1}]", "< +1 42[\"message-back\",{\"n\":2,\"m\":1}]",
            ])
        #expect(Self.play(script.lineage).outcome.divergences.map(\.kind) == [.changed])
        #expect(Self.play(script.lineage, ReplayClientSettings(ignoring: ["/0/n"])).outcome.isFaithful)
    }

    @Test("an event that comes by the clock may come as often as it likes")
    func ticks() {
        let script = Script(
            [Self.open] + Self.joined + ["> +1 42[\"message\",1]"]
                + (1...5).map { "< +1000 42[\"tick\",\($0)]" } + ["> +1000 42[\"end\"]"])
        var server = LiveServer.Settings()
        server.answers = { packet in
            guard packet.event == "message" else { return [] }
            return (1...9).map { number in
                let tick = ScriptedPacket(type: .event, event: "tick", payload: "[\"tick\",\(number)]")
                return LiveServer.Answer(afterNs: Int64(number) * 900_000_000, packet: tick)
            }
        }
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
    }

    // MARK: Ends

    @Test("a server that leaves too early is told, with what was left")
    func earlyEnd() throws {
        let script = Script([Self.open] + Self.joined + ["> +30000 42[\"message\",1]", "< +1 42[\"message-back\",1]"])
        var server = LiveServer.Settings()
        server.pingIntervalMs = 5_000
        server.pingTimeoutMs = 4_000
        server.isStrict = true
        let settings = ReplayClientSettings(misbehaviour: .pongMissing)
        let played = Self.play(script.lineage, settings, server)
        #expect(played.outcome.divergences.map(\.kind) == [.unexpected, .missing])
        #expect(played.outcome.divergences.first?.what == "end of the session")
        #expect(played.outcome.livesDone == 1)
    }

    @Test("a server that refuses the handshake ends the replay", arguments: [Transport.websocket, .polling])
    func closedDoor(_ transport: Transport) {
        var script = Script([Self.open] + Self.joined)
        script.transports = [transport]
        var server = LiveServer.Settings()
        server.handshakeStatus = 503
        let played = Self.play(RecordedLineage([script, script]), .init(), server)
        #expect(!played.outcome.isFaithful)
        #expect(played.outcome.livesDone == 0)
        #expect(played.outcome.waitedFor?.contains("503") == true)
        #expect(played.lastedMs < 1_000)
    }

    @Test(
        "a recorded refusal of a handshake is wanted again",
        arguments: [(403, 403, true), (403, nil, false), (403, 400, false)])
    func recordedRefusal(_ recorded: Int, _ live: Int?, _ isFaithful: Bool) {
        var exchange = ExchangeFacts(
            id: 1, connectionID: 1, method: "GET", target: "/socket.io/?EIO=4&transport=polling&room=7&t=abc",
            requested: .zero)
        exchange.status = recorded
        var server = LiveServer.Settings()
        server.handshakeStatus = live
        let played = Self.play(RecordedLineage(lives: [.refused(exchange)]), .init(), server)
        #expect(played.outcome.isFaithful == isFaithful)
        #expect(played.server.targets.first?.hasPrefix("/socket.io/?room=7&EIO=4&transport=polling&t=") == true)
    }

    @Test("the limit ends a replay, and it says what it waited for")
    func limit() {
        let script = Script([Self.open] + Self.joined + ["> +1 42[\"x\"]", "< +9000 42[\"y\"]"])
        let played = Self.play(script.lineage, ReplayClientSettings(limitNs: 3_000_000_000))
        #expect(played.outcome.waitedFor == "the server's event \"y\" [], when the limit of 3 s was reached")
        #expect(played.lastedMs < 9_000)
        #expect(played.run.findings() == ["ws-close-empty"])
        #expect(played.run.sessions.first?.endedBy == .client)
    }

    @Test(
        "pauses shrink with the pace; reconnects after an end of the server's keep a pause",
        arguments: [(Pace.recorded, 20_000, 25_000), (.times(10), 2_000, 3_500), (.fast, 0, 200)])
    func pace(_ pace: Pace, _ least: Int64, _ most: Int64) {
        let script = Script([Self.open] + Self.joined + ["> +20000 42[\"message\",1]", "< +2 42[\"message-back\",1]"])
        let played = Self.play(script.lineage, ReplayClientSettings(pace: pace))
        #expect(played.outcome.isFaithful)
        #expect((least...most).contains(played.lastedMs))
        #expect(played.outcome.lateness.maxNs == 0)
    }

    // MARK: Polling

    @Test("a POST holds at most 16 packets and what the server takes")
    func splits() {
        var script = Script(
            [Self.open] + Self.joined + ["> +5 42[\"x\",\"first\"]"]
                + (0..<40).map { "> +0 42[\"x\",\($0)]" } + ["> +0 42[\"x\",\"\(String(repeating: "y", count: 180))\"]"]
        )
        script.transports = [.polling]
        var server = LiveServer.Settings()
        server.maxPayload = 200
        let played = Self.play(script.lineage, .init(), server)
        #expect(played.outcome.isFaithful)
        #expect(played.server.said.count == 43)
        #expect(played.server.posts.allSatisfy { $0.body.count <= 200 })
        #expect(played.server.posts.count < 20)
        server.maxPayload = nil
        let free = Self.play(script.lineage, .init(), server)
        #expect(free.server.posts.map { PollingBody.packets($0.body, .v4).packets.count } == [1, 1, 16, 16, 9, 1])
    }

    @Test("the transport can be chosen")
    func transports() {
        var script = Script([Self.open] + Self.joined)
        script.transports = [.polling, .websocket]
        let webSocket = Self.play(script.lineage, ReplayClientSettings(transport: .websocket))
        #expect(webSocket.run.findings() == ["ws-close-empty"])
        #expect(webSocket.run.sessions.map(\.transports) == [[.websocket]])
        let polling = Self.play(script.lineage, ReplayClientSettings(transport: .polling))
        _ = polling.run.findings()
        #expect(polling.run.sessions.map(\.transports) == [[.polling]])
        #expect(polling.outcome.isFaithful)
    }
}
