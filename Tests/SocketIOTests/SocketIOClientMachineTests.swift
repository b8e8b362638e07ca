import TestSupport
import Testing
import TimelineModel

@testable import SocketIO

private typealias Machine = SocketIOClientMachine
private typealias Action = SocketIOClientMachine.Action

/// What is asked or received, and what comes of it.
private enum Input: Sendable {
    case connect(String, SocketIOValue? = nil)
    case disconnect(String)
    case emit(String, [SocketIOValue] = [], in: String = "/")
    case ask(String, token: UInt64, timeoutMs: Int64?, in: String = "/")
    case acknowledge(Int64, [SocketIOValue], in: String = "/")
    case text(String)
    case binary([UInt8])
    case forget(UInt64)
    case timePassed
    /// While nothing is read.
    case timePassedUnread
    case readingResumed
    case transportClosed
    case close
}

private struct Step: Sendable {
    let ms: Int64
    let input: Input
    let expected: Result<[Action], SocketIORequestError>

    init(_ input: Input, at ms: Int64 = 0, _ actions: Action...) {
        self.ms = ms
        self.input = input
        self.expected = .success(actions)
    }

    init(_ input: Input, at ms: Int64 = 0, throws error: SocketIORequestError) {
        self.ms = ms
        self.input = input
        self.expected = .failure(error)
    }
}

extension Action {
    fileprivate static func send(_ text: String) -> Action { .send([.text(text)]) }

    fileprivate static func event(
        _ name: String, _ arguments: [SocketIOValue] = [], id: Int64? = nil, in namespace: String = "/"
    ) -> Action {
        .event(SocketIOIncomingEvent(namespace: namespace, name: name, arguments: arguments, ackID: id))
    }
}

private struct Script: CustomTestStringConvertible, Sendable {
    let name: String
    let steps: [Step]
    let deadlineMs: Int64?
    var testDescription: String { self.name }

    init(_ name: String, deadlineMs: Int64? = nil, _ steps: [Step]) {
        self.name = name
        self.steps = steps
        self.deadlineMs = deadlineMs
    }

    /// The root is joined.
    static func joined(_ name: String, deadlineMs: Int64? = 45_000, _ steps: Step...) -> Script {
        Script(
            name, deadlineMs: deadlineMs,
            [
                Step(.connect("/"), .send("0")),
                Step(.text(#"0{"sid":"s"}"#), .connected(namespace: "/", sid: "s")),
            ] + steps)
    }

    static let all: [Script] = [
        // Joining
        Script("auth goes with CONNECT", deadlineMs: 45_000, [Step(.connect("/", ["t": "x"]), .send(#"0{"t":"x"}"#))]),
        Script(
            "several namespaces", deadlineMs: 45_000,
            [
                Step(.connect("/a"), .send("0/a,")), Step(.connect("b", ["t": 1]), .send(#"0/b,{"t":1}"#)),
                Step(.text(#"0/b,{"sid":"sb"}"#), .connected(namespace: "/b", sid: "sb")),
                Step(.emit("x", in: "/a"), throws: .notConnected(namespace: "/a")),
                Step(.emit("x", in: "/b"), .send(#"2/b,["x"]"#)),
                Step(.text(#"0/a,{"sid":"sa"}"#), .connected(namespace: "/a", sid: "sa")),
            ]),
        Script(
            "a second CONNECT is refused here, not by the server", deadlineMs: 45_000,
            [
                Step(.connect("/"), .send("0")), Step(.connect("/"), throws: .alreadyJoined(namespace: "/")),
                Step(.connect("a,b"), throws: .badNamespace("a,b")),
            ]),
        Script(
            "CONNECT_ERROR with its payload",
            deadlineMs: 45_000,
            [
                Step(.connect("/x"), .send("0/x,")),
                Step(
                    .text(#"4/x,{"message":"no","data":{"a":1}}"#),
                    .refused(namespace: "/x", payload: ["message": "no", "data": ["a": 1]]), .idle),
                Step(.connect("/x"), .send("0/x,")),
            ]),
        Script(
            "python's CONNECT_ERROR is a text; another namespace stays", deadlineMs: 45_000,
            [
                Step(.connect("/"), .send("0")), Step(.connect("/x"), .send("0/x,")),
                Step(.text(#"0{"sid":"s"}"#), .connected(namespace: "/", sid: "s")),
                Step(.text(#"4/x,"Unable to connect""#), .refused(namespace: "/x", payload: "Unable to connect")),
            ]),
        Script(
            "accepted without a sid: an old server", deadlineMs: 45_000,
            [Step(.connect("/"), .send("0")), Step(.text("0"), .acceptedWithoutSid(namespace: "/"), .idle)]),
        Script(
            "never answered",
            [
                Step(.connect("/"), .send("0")), Step(.timePassed, at: 44_999),
                Step(.timePassed, at: 45_000, .unanswered(namespace: "/"), .idle),
            ]),
        Script(
            "what comes early is handed out behind the acceptance", deadlineMs: 45_000,
            [
                Step(.connect("/"), .send("0")), Step(.text(#"2["a"]"#)), Step(.text(#"27["b",1]"#)),
                Step(
                    .text(#"0{"sid":"s"}"#), .connected(namespace: "/", sid: "s"), .event("a"),
                    .event("b", [1], id: 7)),
            ]),
        Script(
            "too much comes early",
            [
                Step(.connect("/"), .send("0")), Step(.text(#"2["a"]"#)), Step(.text(#"2["a"]"#)),
                Step(.text(#"2["a"]"#)),
                Step(.text(#"2["a"]"#), .failed(.tooManyEarlyPackets(namespace: "/", limit: 3))),
                Step(.text(#"0{"sid":"s"}"#)),
            ]),
        Script(
            "left before it was joined: DISCONNECT goes out once the server has accepted", deadlineMs: 45_000,
            [
                Step(.connect("/"), .send("0")), Step(.disconnect("/")),
                Step(.disconnect("/"), throws: .notConnected(namespace: "/")),
                Step(.text(#"2["early"]"#)),
                Step(.text(#"0{"sid":"s"}"#), .send("1"), .idle),
            ]),
        joined(
            "a second acceptance has a new sid",
            Step(.text(#"0{"sid":"t"}"#), .connected(namespace: "/", sid: "t")), Step(.text("0"))),
        Script(
            "a namespace that was not asked for",
            [
                Step(.text(#"0{"sid":"s"}"#)), Step(.text(#"2/x,["a"]"#)), Step(.text("1/x,")),
                Step(.text(#"4/x,"no""#)), Step(.text("3/x,1[]")),
            ]),

        // Events
        joined("emit", Step(.emit("e", [1, "x", nil]), .send(#"2["e",1,"x",null]"#))),
        joined("a reserved name", Step(.emit("disconnect"), throws: .reservedEvent("disconnect"))),
        joined(
            "emit binary",
            Step(
                .emit("e", [.binary([1]), .binary([2])]),
                .send([
                    .text(
                        #"52-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#),
                    .binary([1]), .binary([2]),
                ]))),
        joined(
            "receive binary", Step(.text(#"51-3["e",{"_placeholder":true,"num":0}]"#)),
            Step(.binary([7]), .event("e", [.binary([7])], id: 3))),
        joined("an ack id of a server's", Step(.text(#"212["x"]"#), .event("x", id: 12))),
        joined(
            "answer with binary",
            Step(
                .acknowledge(12, [.binary([5])]),
                .send([.text(#"61-12[{"_placeholder":true,"num":0}]"#), .binary([5])]))),
        joined("answer", Step(.acknowledge(12, ["ok"]), .send(#"312["ok"]"#))),
        Script("no answer where it is not joined", [Step(.acknowledge(1, []), throws: .notConnected(namespace: "/"))]),

        // Acks
        joined(
            "acks have ids of their own in each namespace", deadlineMs: 1000,
            Step(.ask("e", token: 1, timeoutMs: 1000), .send(#"20["e"]"#)),
            Step(.ask("e", token: 2, timeoutMs: nil), .send(#"21["e"]"#)),
            Step(.connect("/x"), .send("0/x,")),
            Step(.text(#"0/x,{"sid":"x"}"#), .connected(namespace: "/x", sid: "x")),
            Step(.ask("e", token: 3, timeoutMs: nil, in: "/x"), .send(#"2/x,0["e"]"#)),
            Step(.text("3/x,0[3]"), .acknowledged(token: 3, arguments: [3])),
            Step(.text("31[2]"), .acknowledged(token: 2, arguments: [2])),
            Step(.text("30[1]"), .acknowledged(token: 1, arguments: [1]))),
        joined(
            "a binary ack", Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.text(#"61-0[{"_placeholder":true,"num":0}]"#)),
            Step(.binary([8]), .acknowledged(token: 1, arguments: [.binary([8])]))),
        joined(
            "unknown and second acks are ignored", Step(.text("37[]")),
            Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.text("30[]"), .acknowledged(token: 1, arguments: [])), Step(.text("30[]"))),
        joined(
            "an ack that does not come", deadlineMs: 45_000,
            Step(.ask("a", token: 1, timeoutMs: 50), at: 10, .send(#"20["a"]"#)),
            Step(.ask("b", token: 2, timeoutMs: 20), at: 10, .send(#"21["b"]"#)),
            Step(.timePassed, at: 29), Step(.timePassed, at: 30, .ackFailed(token: 2, .timedOut)),
            Step(.timePassed, at: 60, .ackFailed(token: 1, .timedOut)), Step(.text("30[]"), at: 61),
            Step(.connect("/x"), .send("0/x,"))),
        joined(
            "an ack that does not come while nothing is read", deadlineMs: nil,
            Step(.ask("a", token: 1, timeoutMs: 50), .send(#"20["a"]"#)), Step(.timePassedUnread, at: 49),
            Step(.timePassedUnread, at: 50, .ackFailed(token: 1, .timedOut))),
        joined(
            "a CONNECT has its time anew once its answer can be read", deadlineMs: 145_000,
            Step(.connect("/x"), .send("0/x,")), Step(.connect("/y"), .send("0/y,")), Step(.disconnect("/y")),
            Step(.timePassedUnread, at: 99_000), Step(.readingResumed, at: 100_000), Step(.timePassed, at: 144_999),
            Step(.text(#"0/x,{"sid":"x"}"#), at: 144_999, .connected(namespace: "/x", sid: "x"))),
        joined(
            "an ack that is given up", Step(.ask("a", token: 1, timeoutMs: nil), .send(#"20["a"]"#)),
            Step(.forget(1)), Step(.text("30[]"))),
        joined(
            "too many acks", Step(.ask("a", token: 1, timeoutMs: nil), .send(#"20["a"]"#)),
            Step(.ask("a", token: 2, timeoutMs: nil), .send(#"21["a"]"#)),
            Step(.ask("a", token: 3, timeoutMs: nil), throws: .tooManyPendingAcks(limit: 2)),
            Step(.emit("a"), .send(#"2["a"]"#))),

        // Leaving and being left
        joined(
            "leave one of two", Step(.connect("/x"), .send("0/x,")),
            Step(.text(#"0/x,{"sid":"x"}"#), .connected(namespace: "/x", sid: "x")),
            Step(.ask("e", token: 1, timeoutMs: nil, in: "/x"), .send(#"2/x,0["e"]"#)),
            Step(.disconnect("/x"), .send("1/x,"), .ackFailed(token: 1, .disconnected)),
            Step(.text(#"2/x,["late"]"#)), Step(.emit("e"), .send(#"2["e"]"#)),
            Step(.disconnect("/"), .send("1"), .idle)),
        joined(
            "the server ends one of two", Step(.connect("/x"), .send("0/x,")),
            Step(.text(#"0/x,{"sid":"x"}"#), .connected(namespace: "/x", sid: "x")),
            Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.text("1"), .ackFailed(token: 1, .disconnected), .disconnected(namespace: "/", payload: nil)),
            Step(.text(#"1/x,{"message":"no"}"#), .disconnected(namespace: "/x", payload: ["message": "no"]), .idle)),
        joined(
            "the connection is lost", deadlineMs: nil, Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.transportClosed, .ackFailed(token: 1, .disconnected)), Step(.transportClosed),
            Step(.text("30[]")), Step(.emit("e"), throws: .notConnected(namespace: "/")),
            Step(.connect("/"), throws: .notConnected(namespace: "/"))),
        joined(
            "goodbyes, where it is joined", deadlineMs: nil, Step(.connect("/x"), .send("0/x,")),
            Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.close, .send("1"), .ackFailed(token: 1, .disconnected)), Step(.close), Step(.timePassed, at: 99_999)),

        // What cannot be read
        joined("orphan binary", deadlineMs: nil, Step(.binary([1]), .failed(.orphanAttachment(bytes: 1)))),
        joined(
            "text where an attachment should be", deadlineMs: nil, Step(.text(#"51-["e"]"#)),
            Step(.text(#"2["f"]"#), .failed(.attachmentsMissing(count: 1))), Step(.text(#"2["f"]"#))),
        joined(
            "garbage fails what waits", deadlineMs: nil, Step(.ask("e", token: 1, timeoutMs: nil), .send(#"20["e"]"#)),
            Step(.text("x"), .ackFailed(token: 1, .disconnected), .failed(.malformed(.unknownType(0x78))))),
    ]
}

@Suite("The Socket.IO client's machine")
struct SocketIOClientMachineTests {
    private static var limits: SocketIOClientLimits {
        var limits = SocketIOClientLimits()
        limits.earlyPackets = 3
        limits.pendingAcks = 2
        return limits
    }

    private static func time(_ ms: Int64) -> Timestamp { Timestamp(nanoseconds: ms * 1_000_000) }

    private static func perform(
        _ input: Input, at ms: Int64, on machine: inout Machine
    ) throws(SocketIORequestError) -> [Action] {
        let now = self.time(ms)
        switch input {
        case .connect(let namespace, let auth): return try machine.connect(namespace, auth: auth, at: now)
        case .disconnect(let namespace): return try machine.disconnect(namespace)
        case .emit(let name, let arguments, let namespace):
            return try machine.emit(name, arguments, namespace: namespace, at: now)
        case .ask(let name, let token, let timeoutMs, let namespace):
            let ack = Machine.AckRequest(token: token, timeoutNs: timeoutMs.map { $0 * 1_000_000 })
            return try machine.emit(name, [], namespace: namespace, ack: ack, at: now)
        case .acknowledge(let id, let arguments, let namespace):
            return try machine.acknowledge(id, arguments, namespace: namespace)
        case .text(let text): return machine.receive(.text(text), at: now)
        case .binary(let bytes): return machine.receive(.binary(bytes), at: now)
        case .forget(let token):
            machine.forget(token: token, namespace: "/")
            return []
        case .timePassed: return machine.timePassed(at: now)
        case .timePassedUnread: return machine.timePassed(at: now, isReading: false)
        case .readingResumed:
            machine.readingResumed(at: now)
            return []
        case .transportClosed: return machine.transportClosed()
        case .close: return machine.close()
        }
    }

    @Test("gives the actions of the script", arguments: Script.all)
    private func scripts(_ script: Script) {
        var machine = Machine(Self.limits)
        for step in script.steps {
            let actual = Result { () throws(SocketIORequestError) in
                try Self.perform(step.input, at: step.ms, on: &machine)
            }
            #expect(actual == step.expected, "\(step.input)")
        }
        #expect(machine.deadline == script.deadlineMs.map(Self.time))
    }

    @Test("giving many acks up is not more than asking for them", .timeLimit(.minutes(1)))
    func manyAcks() throws {
        let count = SocketIOClientLimits().pendingAcks
        var machine = Machine()
        _ = try machine.connect("/", auth: nil, at: Self.time(0))
        _ = machine.receive(.text(#"0{"sid":"s"}"#), at: Self.time(0))
        for token in 0..<UInt64(count) {
            let ack = Machine.AckRequest(token: token, timeoutNs: nil)
            _ = try machine.emit("e", [], namespace: "/", ack: ack, at: Self.time(0))
        }
        for token in 0..<UInt64(count) where token % 3 != 0 { machine.forget(token: token, namespace: "/") }
        for id in 0..<count {
            let actions = machine.receive(.text("3\(id)[]"), at: Self.time(0))
            #expect(actions == (id % 3 == 0 ? [.acknowledged(token: UInt64(id), arguments: [])] : []))
        }
    }

    @Test("a message larger than the server takes changes nothing")
    func messageLimit() throws {
        var machine = Machine(Self.limits)
        machine.messageLimit = 20
        let now = Self.time(0)
        #expect(throws: SocketIORequestError.tooBig(bytes: 21, limit: 20)) {
            try machine.connect("/", auth: ["token": "1234567"], at: now)
        }
        #expect(machine.deadline == nil)
        #expect(try machine.connect("/", auth: ["token": "123456"], at: now) == [.send(#"0{"token":"123456"}"#)])
        _ = machine.receive(.text(#"0{"sid":"s"}"#), at: now)
        let big = SocketIOValue.binary([UInt8](repeating: 0, count: 21))
        for token in 0..<3 as Range<UInt64> {
            #expect(throws: SocketIORequestError.self) {
                let ack = Machine.AckRequest(token: token, timeoutNs: nil)
                return try machine.emit("event", [big], namespace: "/", ack: ack, at: now)
            }
        }
        #expect(throws: SocketIORequestError.tooBig(bytes: 24, limit: 20)) {
            try machine.acknowledge(0, [.string("0123456789abcdefg")], namespace: "/")
        }
        // No id was used up.
        let ack = Machine.AckRequest(token: 9, timeoutNs: nil)
        #expect(try machine.emit("e", [], namespace: "/", ack: ack, at: now) == [.send(#"20["e"]"#)])
        machine.messageLimit = 1
        #expect(try machine.disconnect("/") == [.send("1"), .ackFailed(token: 9, .disconnected), .idle])
    }

    @Test("takes any input; each ack that is asked for ends once", arguments: 0..<50)
    func anyInput(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let texts = [
            #"0{"sid":"s"}"#, #"0/x,{"sid":"s"}"#, "0", "1/x,", #"4/x,"no""#, #"2["e"]"#, #"212["e"]"#, "30[]", "31[]",
            #"51-["e",{"_placeholder":true,"num":0}]"#, #"2/x,["e"]"#,
        ]
        var machine = Machine()
        var asked: Set<UInt64> = []
        var answered: Set<UInt64> = []
        for step in 0..<400 {
            let namespace = Bool.random(using: &random) ? "/" : "/x"
            let input: Input
            switch Int.random(in: 0..<14, using: &random) {
            case 0, 1: input = .connect(namespace)
            case 2: input = .disconnect(namespace)
            case 3: input = .emit("e", [.binary([1])], in: namespace)
            case 4, 5, 6:
                input = .ask(
                    "e", token: UInt64(step), timeoutMs: Int64.random(in: 0...50, using: &random), in: namespace)
            case 7: input = .timePassed
            case 8: input = .binary([1])
            case 9 where step % 40 == 0: input = .text(String(decoding: random.bytes(5), as: UTF8.self))
            default: input = .text(texts.randomElement(using: &random)!)
            }
            let result = Result { () throws(SocketIORequestError) in
                try Self.perform(input, at: Int64(step), on: &machine)
            }
            guard case .success(let actions) = result else { continue }
            if case .ask(_, let token, _, _) = input { asked.insert(token) }
            for action in actions {
                switch action {
                case .acknowledged(let token, _), .ackFailed(let token, _):
                    #expect(asked.contains(token))
                    #expect(answered.insert(token).inserted)
                default: break
                }
            }
        }
        for case .ackFailed(let token, _) in machine.transportClosed() { #expect(answered.insert(token).inserted) }
        #expect(answered == asked)
    }
}
