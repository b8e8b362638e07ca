import TestSupport
import Testing
import TimelineModel

@testable import EngineIO

/// What goes in at which millisecond, and what comes out.
private struct Step: Sendable {
    let ms: Int64
    let event: EngineIOClientMachine.Event
    let actions: [EngineIOClientMachine.Action]

    init(_ ms: Int64, _ event: EngineIOClientMachine.Event, _ actions: EngineIOClientMachine.Action...) {
        self.ms = ms
        self.event = event
        self.actions = actions
    }
}

private struct Script: CustomTestStringConvertible, Sendable {
    let name: String
    let steps: [Step]
    /// Of the machine behind the last step, in milliseconds.
    var deadlineMs: Int64?
    var testDescription: String { self.name }

    init(_ name: String, deadlineMs: Int64? = nil, _ steps: [Step]) {
        self.name = name
        self.steps = steps
        self.deadlineMs = deadlineMs
    }

    private static let open = #"0{"sid":"a","upgrades":[],"pingInterval":1000,"pingTimeout":500,"maxPayload":9}"#
    private static let handshake = EngineIOHandshake(
        json: Array(#"{"sid":"a","upgrades":[],"pingInterval":1000,"pingTimeout":500,"maxPayload":9}"#.utf8).span)!

    /// An open session, at 0.
    private static func session(_ steps: Step..., name: String, deadlineMs: Int64? = nil) -> Script {
        Script(
            name, deadlineMs: deadlineMs,
            [Step(0, .transportOpened), Step(0, .received(.text(self.open)), .opened(self.handshake))] + steps)
    }

    /// Before an open packet.
    private static func opening(_ steps: Step..., name: String, deadlineMs: Int64? = nil) -> Script {
        Script(name, deadlineMs: deadlineMs, [Step(0, .transportOpened)] + steps)
    }

    static let all: [Script] = [
        // protocol.md 1.1, handshake
        opening(name: "waits 20 s for the open packet", deadlineMs: 20_000),
        opening(
            Step(19_999, .timePassed), Step(20_000, .timePassed, .ended(.openTimeout(afterMs: 20_000))),
            name: "no open packet in time"),
        opening(
            Step(1, .received(.text("40")), .ended(.unexpectedBeforeOpen(.message))), name: "a message before open"),
        opening(
            Step(1, .received(.binary([1])), .ended(.unexpectedBeforeOpen(.message))), name: "binary before open"),
        opening(Step(1, .received(.text("0nonsense")), .ended(.badOpen)), name: "open without JSON"),
        opening(Step(1, .received(.text(#"0{"sid":7}"#)), .ended(.badOpen)), name: "open without a sid"),
        opening(Step(1, .received(.text("")), .ended(.malformedPacket(.empty))), name: "an empty first message"),
        opening(
            Step(1, .received(.text("HTTP")), .ended(.malformedPacket(.unknownType(0x48)))), name: "HTTP text"),
        opening(Step(1, .send(.text("2x"))), name: "nothing is sent before open", deadlineMs: 20_000),
        opening(Step(1, .close, .ended(.closedByClient)), name: "closed before open"),
        opening(Step(1, .transportClosed, .ended(.transportClosed)), name: "lost before open"),
        opening(Step(5000, .readingResumed), name: "not read for a while before open", deadlineMs: 25_000),

        // heartbeat
        session(
            Step(1000, .received(.text("2")), .send(.text("3"))),
            name: "ping is answered, and the watchdog begins anew",
            deadlineMs: 2500),
        session(
            Step(9, .received(.text("2data")), .send(.text("3data"))), name: "a ping's data is echoed",
            deadlineMs: 1509),
        session(
            Step(1499, .timePassed), Step(1500, .timePassed, .ended(.pingTimeout(afterMs: 1500))),
            name: "no ping within pingInterval + pingTimeout"),
        session(
            Step(900, .received(.text("4x")), .deliver(.text("x"))), Step(1200, .received(.text("3"))),
            Step(1500, .timePassed, .ended(.pingTimeout(afterMs: 1500))), name: "other packets are no pings"),
        session(
            Step(1000, .received(.text("2")), .send(.text("3"))), Step(1500, .timePassed),
            Step(2500, .timePassed, .ended(.pingTimeout(afterMs: 1500))), name: "a timer from before a ping"),
        session(
            Step(9000, .readingResumed), Step(9001, .timePassed), name: "what was not read is not missed",
            deadlineMs: 10_500),

        session(
            Step(1499, .timePassedUnread), Step(1600, .timePassedUnread), Step(1700, .timePassed),
            Step(1701, .received(.text("2")), .send(.text("3"))), Step(3200, .timePassed),
            name: "a ping that lay unread when it was missed", deadlineMs: 3201),
        session(
            Step(1500, .timePassedUnread), Step(1600, .received(.text("4x")), .deliver(.text("x"))),
            Step(1687, .timePassed), Step(1688, .timePassed, .ended(.pingTimeout(afterMs: 1500))),
            name: "no ping lay unread"),
        session(
            Step(1500, .timePassedUnread), Step(2999, .timePassedUnread),
            Step(3000, .timePassedUnread, .ended(.pingTimeout(afterMs: 1500))),
            name: "much lies unread for ever, but no ping"),
        session(
            Step(60_000, .timePassedUnread), Step(60_001, .received(.text("2")), .send(.text("3"))),
            name: "a ping that lay unread while nobody looked", deadlineMs: 61_501),
        opening(
            Step(20_000, .timePassedUnread), Step(20_001, .timePassed), name: "the open packet may lie unread",
            deadlineMs: 22_500),
        opening(
            Step(20_000, .timePassedUnread), Step(40_000, .timePassedUnread, .ended(.openTimeout(afterMs: 20_000))),
            name: "something lies unread for ever"),

        // data
        session(Step(1, .send(.text("2[]")), .send(.text("42[]"))), name: "text goes out", deadlineMs: 1500),
        session(
            Step(1, .send(.binary([1, 2])), .send(.binary([1, 2]))), name: "binary goes out as it is",
            deadlineMs: 1500),
        session(Step(1, .received(.text("4")), .deliver(.text(""))), name: "an empty message", deadlineMs: 1500),
        session(
            Step(1, .received(.binary([0x34])), .deliver(.binary([0x34]))), name: "binary comes as it is",
            deadlineMs: 1500),
        session(
            Step(1, .received(.text("bAQID")), .deliver(.binary([1, 2, 3]))), name: "base64 in a text",
            deadlineMs: 1500),

        // protocol.md 2.3, what a server does wrong
        session(Step(1, .received(.text("3"))), name: "an unsolicited pong is ignored", deadlineMs: 1500),
        session(Step(1, .received(.text("6"))), name: "a noop is ignored", deadlineMs: 1500),
        session(Step(1, .received(.text("5"))), name: "an upgrade is ignored", deadlineMs: 1500),
        session(Step(1, .received(.text(Self.open))), name: "a second open is ignored", deadlineMs: 1500),
        session(Step(1, .received(.text("1")), .ended(.closedByServer)), name: "a close packet"),
        session(
            Step(1, .received(.text("9")), .ended(.malformedPacket(.unknownType(0x39)))), name: "an unknown type"),
        session(Step(1, .received(.text("")), .ended(.malformedPacket(.empty))), name: "an empty message frame"),
        session(
            Step(1, .received(.text("b!")), .ended(.malformedPacket(.badBase64(offset: 1)))), name: "bad base64"),
        session(
            Step(1, .close, .ended(.closedByClient)), Step(2, .received(.text("2"))), Step(3, .send(.text("x"))),
            Step(9999, .timePassed), Step(9999, .transportClosed), name: "nothing comes behind the end"),

        // intervals that are no ground for a watchdog
        Script(
            "no intervals, no watchdog",
            [
                Step(0, .transportOpened),
                Step(
                    0, .received(.text(#"0{"sid":"a"}"#)),
                    .opened(EngineIOHandshake(json: Array(#"{"sid":"a"}"#.utf8).span)!)),
                Step(1_000_000, .timePassed), Step(1_000_000, .received(.text("2")), .send(.text("3"))),
            ]),
    ]
}

@Suite("The Engine.IO client's machine")
struct EngineIOClientMachineTests {
    private static func time(_ ms: Int64) -> Timestamp { Timestamp(nanoseconds: ms * 1_000_000) }

    @Test("gives the actions of the script", arguments: Script.all)
    private func scripts(_ script: Script) {
        var machine = EngineIOClientMachine()
        for step in script.steps {
            let actions = machine.handle(step.event, at: Self.time(step.ms))
            #expect(actions == step.actions, "at \(step.ms) ms, \(step.event)")
        }
        #expect(machine.deadline == script.deadlineMs.map(Self.time))
    }

    @Test(
        "waits pingInterval + pingTimeout, of whatever size they are",
        arguments: [
            (#"{"sid":"a","pingInterval":25000,"pingTimeout":20000}"#, 45_000_000_000),
            (#"{"sid":"a","pingInterval":0,"pingTimeout":2000}"#, 2_000_000_000),
            (#"{"sid":"a","pingInterval":-5,"pingTimeout":2000}"#, 2_000_000_000),
            (#"{"sid":"a","pingTimeout":2000}"#, 2_000_000_000),
            (#"{"sid":"a","pingInterval":0,"pingTimeout":0}"#, nil),
            (#"{"sid":"a"}"#, nil),
            (#"{"sid":"a","pingInterval":9223372036854775807,"pingTimeout":1}"#, .max),
            (#"{"sid":"a","pingInterval":9223372036854775,"pingTimeout":1}"#, .max),
        ] as [(String, Int64?)])
    func watchdog(_ json: String, _ expected: Int64?) {
        #expect(EngineIOHandshake(json: Array(json.utf8).span)?.watchdogNs == expected)
    }

    @Test("never pings, never sends behind its end, and takes any input", arguments: 0..<50)
    func anyInput(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let texts = [
            "0{\"sid\":\"a\",\"pingInterval\":1000,\"pingTimeout\":500}", "2", "3", "4x", "5", "6", "1", "bAQ", "",
        ]
        var machine = EngineIOClientMachine()
        var ended = false
        for step in 0..<200 {
            let event: EngineIOClientMachine.Event
            switch Int.random(in: 0..<12, using: &random) {
            case 0: event = .transportOpened
            case 1: event = Bool.random(using: &random) ? .timePassed : .timePassedUnread
            case 2: event = .readingResumed
            case 3: event = .send(.text("x"))
            case 4: event = .received(.binary(random.bytes(3)))
            case 5: event = .received(.text(String(decoding: random.bytes(4), as: UTF8.self)))
            case 6 where step > 100: event = .close
            case 7 where step > 100: event = .transportClosed
            default: event = .received(.text(texts.randomElement(using: &random)!))
            }
            for action in machine.handle(event, at: Timestamp(nanoseconds: Int64(step) * 100_000_000)) {
                #expect(!ended)
                if case .ended = action { ended = true }
                if case .send(.text(let text)) = action { #expect(!text.hasPrefix("2")) }
            }
            #expect(ended == (machine.end != nil))
        }
    }

    @Test(
        "packets go through a WebSocket and back",
        arguments: EngineIOVersion.allCases.flatMap { version in
            [
                EngineIOPacket(.open, "{}"), EngineIOPacket(.ping, "probe"), EngineIOPacket(.message, "2[\"ä\"]"),
                EngineIOPacket(.message, binary: [0, 255]), EngineIOPacket(.close),
            ].map { (version, $0) }
        })
    func roundTrip(_ version: EngineIOVersion, _ packet: EngineIOPacket) throws {
        #expect(try EngineIOPacket(webSocketMessage: packet.webSocketMessage(version), version) == packet)
    }
}
