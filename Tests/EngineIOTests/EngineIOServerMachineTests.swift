import Testing
import TimelineModel

@testable import EngineIO

/// What goes in at which millisecond, and what comes out.
private struct Step: Sendable {
    let ms: Int64
    let event: EngineIOServerMachine.Event
    let actions: [EngineIOServerMachine.Action]

    init(_ ms: Int64, _ event: EngineIOServerMachine.Event, _ actions: EngineIOServerMachine.Action...) {
        self.ms = ms
        self.event = event
        self.actions = actions
    }
}

private struct Script: CustomTestStringConvertible, Sendable {
    let name: String
    let transport: Transport
    let version: EngineIOVersion
    let dialect: EngineIOServerSettings.Dialect
    /// How long the caller leads the heartbeat; nil for a live one.
    let ledMs: Int64?
    let steps: [Step]
    /// Behind the last step, in milliseconds.
    let deadlineMs: Int64?
    var testDescription: String { self.name }

    init(
        _ name: String, _ transport: Transport, version: EngineIOVersion = .v4,
        dialect: EngineIOServerSettings.Dialect = .strict, ledMs: Int64? = nil, deadlineMs: Int64? = nil,
        _ steps: Step...
    ) {
        self.name = name
        self.transport = transport
        self.version = version
        self.dialect = dialect
        self.ledMs = ledMs
        self.deadlineMs = deadlineMs
        self.steps = steps
    }

    private static let form = EngineIOServerMachine.PollForm()

    private static func payload(_ text: String) -> PollingPayload.Body {
        PollingPayload.Body(bytes: Array(text.utf8), isBinary: false)
    }

    private static func poll(_ text: String, on connection: Int = 1) -> EngineIOServerMachine.Action {
        .answerPoll(Self.payload(text), Self.form, on: connection)
    }

    private static func heard(
        _ type: EngineIOType, _ text: String = "", _ transport: Transport = .websocket
    ) -> EngineIOServerMachine.Action {
        .received(EngineIOPacket(type, text), over: transport)
    }

    private static let gone = EngineIOServerEnd.transportClosed(wasReset: false)

    // The session begins at 0 on connection 0; interval 1000 ms, timeout 500 ms, at most 100 bytes.
    static let all: [Script] = [
        // Heartbeat, version 4
        Script(
            "a ping, a pong, and the next ping an interval after the pong", .websocket, deadlineMs: 2300,
            Step(999, .timePassed), Step(1000, .timePassed, .send(.text("2"), on: 0)),
            Step(1300, .received(.text("3"), on: 0), heard(.pong))),
        Script(
            "no pong: an empty close at the timeout", .websocket,
            Step(1000, .timePassed, .send(.text("2"), on: 0)), Step(1499, .timePassed),
            Step(
                1500, .timePassed, .ended(.heartbeatTimeout(afterMs: 500)), .closeWebSocket(on: 0, code: nil)),
            Step(1600, .received(.text("3"), on: 0)), Step(1600, .send([EngineIOPacket(.message, "x")]))),
        Script(
            "over polling the ping waits for a GET, and its timeout does not", .polling,
            Step(1000, .timePassed), Step(1200, .polled(on: 1, form), poll("2")),
            Step(1500, .timePassed, .ended(.heartbeatTimeout(afterMs: 500))),
            Step(1600, .polled(on: 1, form), .refuse(code: 1, on: 1))),
        Script(
            "an unasked pong puts the ping off", .websocket, deadlineMs: 1900,
            Step(900, .received(.text("3"), on: 0), heard(.pong)), Step(1000, .timePassed)),
        // A heartbeat that the caller leads for 5000 ms
        Script(
            "led: no ping of its own, and the end without a pong", .websocket, ledMs: 5000,
            Step(1000, .timePassed), Step(1700, .ping, .send(.text("2"), on: 0)),
            Step(
                2200, .timePassed, .ended(.heartbeatTimeout(afterMs: 500)), .closeWebSocket(on: 0, code: nil)),
            Step(2300, .ping)),
        Script(
            "led: beyond its time it goes on by itself", .websocket, ledMs: 5000, deadlineMs: 5500,
            Step(1700, .ping, .send(.text("2"), on: 0)), Step(1701, .received(.text("3"), on: 0), heard(.pong)),
            Step(5000, .ping), Step(5000, .timePassed, .send(.text("2"), on: 0))),
        Script(
            "led, version 3: the caller answers", .websocket, version: .v3, ledMs: 5000, deadlineMs: 2300,
            Step(800, .received(.text("2abc"), on: 0), heard(.ping, "abc"))),
        // Heartbeat, version 3
        Script(
            "version 3: each ping is answered with its data", .websocket, version: .v3, deadlineMs: 2300,
            Step(800, .received(.text("2abc"), on: 0), heard(.ping, "abc"), .send(.text("3abc"), on: 0))),
        Script(
            "version 3: no ping, and messages do not count", .websocket, version: .v3,
            Step(1400, .received(.text("4a"), on: 0), heard(.message, "a")),
            Step(1500, .timePassed, .ended(.heartbeatTimeout(afterMs: 1500)), .closeWebSocket(on: 0, code: nil))),
        Script(
            "version 3: a client pong ends the session", .websocket, version: .v3,
            Step(
                1, .received(.text("3"), on: 0), heard(.pong), .ended(.violation(.clientPong)),
                .closeWebSocket(on: 0, code: nil))),
        // Violations
        Script(
            "a client ping ends the session with an empty close", .websocket,
            Step(
                5, .received(.text("2"), on: 0), heard(.ping), .ended(.violation(.clientPing)),
                .closeWebSocket(on: 0, code: nil))),
        Script(
            "a probe on a WebSocket that is no upgrade is a client ping", .websocket,
            Step(
                5, .received(.text("2probe"), on: 0), heard(.ping, "probe"), .ended(.violation(.clientPing)),
                .closeWebSocket(on: 0, code: nil))),
        Script(
            "the lenient server lets a client ping pass", .websocket, dialect: .lenient, deadlineMs: 1000,
            Step(5, .received(.text("2"), on: 0), heard(.ping), .tolerated(.clientPing))),
        Script(
            "a client ping by POST: 200, and the waiting GET gets a close", .polling,
            Step(1, .polled(on: 1, form)),
            Step(
                5, .posted(Array("2".utf8), on: 2), .acceptPost(on: 2), heard(.ping, "", .polling),
                .ended(.violation(.clientPing)), poll("1"))),
        Script(
            "no packet at all", .websocket,
            Step(
                5, .received(.text("abc"), on: 0), .ended(.violation(.malformed(.unknownType(0x61)))),
                .closeWebSocket(on: 0, code: nil))),
        Script(
            "too many bytes", .websocket,
            Step(
                5, .received(.binary(Array(repeating: 0, count: 101)), on: 0),
                .ended(.violation(.tooBig(bytes: 101, limit: 100))), .closeWebSocket(on: 0, code: 1009))),
        Script(
            "too many bytes for a lenient server, too", .websocket, dialect: .lenient,
            Step(
                5, .received(.binary(Array(repeating: 0, count: 101)), on: 0),
                .ended(.violation(.tooBig(bytes: 101, limit: 100))), .closeWebSocket(on: 0, code: 1000))),
        Script(
            "two GETs at once", .polling, Step(1, .polled(on: 1, form)),
            Step(
                2, .polled(on: 2, form), .refuse(code: nil, on: 2), .ended(.violation(.pollOverlap)), poll("1"))),
        Script(
            "two GETs at once, taken kindly", .polling, dialect: .lenient, deadlineMs: 1000,
            Step(1, .polled(on: 1, form)),
            Step(2, .polled(on: 2, form), .tolerated(.pollOverlap), poll("6")),
            Step(3, .send([EngineIOPacket(.message, "a")]), poll("4a", on: 2))),
        Script(
            "a GET that is given up", .polling, Step(1, .polled(on: 1, form)),
            Step(2, .closed(on: 1, wasReset: true), .ended(.violation(.pollAborted)))),
        // Close
        Script(
            "a close packet over a WebSocket is not listened to", .websocket, deadlineMs: 1000,
            Step(5, .received(.text("1"), on: 0), heard(.close))),
        Script(
            "a close packet by POST ends the session, the GET gets a noop", .polling,
            Step(1, .polled(on: 1, form)),
            Step(
                5, .posted(Array("1".utf8), on: 2), .acceptPost(on: 2), heard(.close, "", .polling), poll("6"),
                .ended(.closedByClient))),
        Script(
            "the server's end is told to the next GET", .polling,
            Step(5, .end, .ended(.closedByServer)), Step(6, .polled(on: 1, form), poll("1")),
            Step(7, .polled(on: 1, form), .refuse(code: 1, on: 1))),
        Script("a WebSocket that is gone", .websocket, Step(5, .closed(on: 0, wasReset: false), .ended(gone))),
        // Polling
        Script(
            "what waits comes in one payload", .polling, deadlineMs: 1000,
            Step(1, .send([EngineIOPacket(.message, "a")])),
            Step(2, .send([EngineIOPacket(.message, binary: [1, 2])])),
            Step(3, .polled(on: 1, form), poll("4a\u{1E}bAQI="))),
        // Upgrade
        Script(
            "probe, noop to the GET, upgrade, what waited goes over", .polling, deadlineMs: 1000,
            Step(1, .polled(on: 1, form)), Step(2, .webSocketOpened(on: 5)),
            Step(
                3, .received(.text("2probe"), on: 5), heard(.ping, "probe"), .send(.text("3probe"), on: 5), poll("6")),
            Step(4, .send([EngineIOPacket(.message, "a")])),
            Step(
                5, .received(.text("5"), on: 5), heard(.upgrade), .upgraded(on: 5), .send(.text("4a"), on: 5)),
            Step(6, .polled(on: 1, form), .refuse(code: 3, on: 1)),
            Step(7, .webSocketOpened(on: 6), .closeWebSocket(on: 6, code: nil))),
        Script(
            "a GET while the client upgrades gets a noop soon", .polling, deadlineMs: 1000,
            Step(2, .webSocketOpened(on: 5)),
            Step(3, .received(.text("2probe"), on: 5), heard(.ping, "probe"), .send(.text("3probe"), on: 5)),
            Step(4, .polled(on: 1, form)), Step(104, .timePassed, poll("6"))),
        Script(
            "a first message that is no probe: the session lives on", .polling, deadlineMs: 1000,
            Step(2, .webSocketOpened(on: 5)),
            Step(3, .received(.text("4a"), on: 5), .closeWebSocket(on: 5, code: nil)),
            Step(4, .polled(on: 1, form)), Step(5, .send([EngineIOPacket(.message, "b")]), poll("4b"))),
        Script(
            "a WebSocket that goes before the upgrade", .polling, deadlineMs: 1000,
            Step(2, .webSocketOpened(on: 5)), Step(3, .closed(on: 5, wasReset: false)),
            Step(4, .webSocketOpened(on: 6))),
    ]

    func run() {
        let settings = EngineIOServerSettings(
            self.version, EngineIOHandshake(sid: "a", pingIntervalMs: 1000, pingTimeoutMs: 500),
            heartbeat: self.ledMs.map {
                .led(intervalNs: 1_000_000_000, timeoutNs: 500_000_000, untilNs: $0 * 1_000_000)
            } ?? .live(intervalNs: 1_000_000_000, timeoutNs: 500_000_000), dialect: self.dialect,
            maxMessageBytes: 100, upgradeTimeoutNs: 10_000_000_000)
        var machine = EngineIOServerMachine(settings, on: 0, over: self.transport, at: .zero) { _ in }
        for step in self.steps {
            let actions = machine.handle(step.event, at: Timestamp(nanoseconds: step.ms * 1_000_000))
            #expect(actions == step.actions, "\(self.name), at \(step.ms) ms")
        }
        #expect(machine.deadline.map { $0.nanoseconds / 1_000_000 } == self.deadlineMs, "\(self.name)")
    }
}

@Suite("EngineIOServerMachine") struct EngineIOServerMachineTests {
    @Test("scripts", arguments: Script.all) fileprivate func script(script: Script) { script.run() }

    @Test("a handshake is answered with the open packet, and what goes with it", arguments: EngineIOVersion.allCases)
    func handshake(version: EngineIOVersion) {
        let handshake = EngineIOHandshake(
            sid: "a\"b", upgrades: ["websocket"], pingIntervalMs: 1, pingTimeoutMs: 2, maxPayload: 3)
        let json = #"{"sid":"a\"b","upgrades":["websocket"],"pingInterval":1,"pingTimeout":2,"maxPayload":3}"#
        #expect(handshake.json == json)
        #expect(EngineIOHandshake(json: Array(json.utf8).span) == handshake)
        let settings = EngineIOServerSettings(version, handshake, heartbeat: .off)
        var actions: [EngineIOServerMachine.Action] = []
        let machine = EngineIOServerMachine(
            settings, on: 4, over: .polling, first: [EngineIOPacket(.message, "0")], at: .zero
        ) { actions.append($0) }
        let body = version == .v4 ? "0\(json)\u{1E}40" : "\(json.utf8.count + 1):0\(json)2:40"
        let expected = PollingPayload.Body(bytes: Array(body.utf8), isBinary: false)
        #expect(actions == [.answerPoll(expected, EngineIOServerMachine.PollForm(), on: 4)])
        #expect(machine.deadline == nil)
    }
}
