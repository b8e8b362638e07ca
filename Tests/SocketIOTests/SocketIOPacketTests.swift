import TestSupport
import Testing

@testable import SocketIO

/// A packet, and the messages that carry it.
private struct PacketCase: CustomTestStringConvertible, Sendable {
    let packet: SocketIOPacket
    let messages: [SocketIOMessage]
    var testDescription: String { "\(self.messages)" }

    init(_ text: String, _ attachments: [UInt8]..., is packet: SocketIOPacket) {
        self.packet = packet
        self.messages = [.text(text)] + attachments.map { .binary($0) }
    }

    /// Both ways. The frames of protocol.md 1.3, without Engine.IO's digit.
    static let all: [PacketCase] = [
        PacketCase("0", is: SocketIOPacket(.connect(nil))),
        PacketCase(#"0{"token":"x"}"#, is: SocketIOPacket(.connect(["token": "x"]))),
        PacketCase("0/admin,", is: SocketIOPacket(namespace: "/admin", .connect(nil))),
        PacketCase(#"0/admin,{"sid":"s"}"#, is: SocketIOPacket(namespace: "/admin", .connect(["sid": "s"]))),
        PacketCase(
            #"4/admin,{"message":"Not authorized","data":{"a":1}}"#,
            is: SocketIOPacket(
                namespace: "/admin", .connectError(["message": "Not authorized", "data": ["a": 1]]))),
        PacketCase(#"4/admin,"no""#, is: SocketIOPacket(namespace: "/admin", .connectError("no"))),
        PacketCase("1", is: SocketIOPacket(.disconnect(nil))),
        PacketCase("1/admin,", is: SocketIOPacket(namespace: "/admin", .disconnect(nil))),
        PacketCase(#"2["hello",1]"#, is: SocketIOPacket(.event(name: "hello", arguments: [1], ackID: nil))),
        PacketCase(#"212["hello",1]"#, is: SocketIOPacket(.event(name: "hello", arguments: [1], ackID: 12))),
        PacketCase(
            #"2/admin,12["hello"]"#,
            is: SocketIOPacket(namespace: "/admin", .event(name: "hello", arguments: [], ackID: 12))),
        PacketCase(#"312["ok"]"#, is: SocketIOPacket(.ack(id: 12, arguments: ["ok"]))),
        PacketCase("3/admin,12[]", is: SocketIOPacket(namespace: "/admin", .ack(id: 12, arguments: []))),
        PacketCase(
            #"52-/admin,7["up",{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}]"#, [1, 2], [],
            is: SocketIOPacket(
                namespace: "/admin",
                .event(name: "up", arguments: [.binary([1, 2]), ["a": [.binary([])]]], ackID: 7))),
        PacketCase(
            #"61-7[{"_placeholder":true,"num":0}]"#, [9],
            is: SocketIOPacket(.ack(id: 7, arguments: [.binary([9])]))),
        PacketCase(
            "2[\"q\\\"\\u001e\\n\",1.50,-0,1e3,true,null,\"ä😀\"]",
            is: SocketIOPacket(
                .event(
                    name: "q\"\u{1E}\n",
                    arguments: [.number("1.50"), .number("-0"), .number("1e3"), true, nil, "ä😀"], ackID: nil))),
    ]

    /// As they come from others only.
    static let read: [PacketCase] = [
        PacketCase("0/custom", is: SocketIOPacket(namespace: "/custom", .connect(nil))),
        PacketCase(#"0/,{"token":1}"#, is: SocketIOPacket(.connect(["token": 1]))),
        PacketCase(#"1{"message":"no"}"#, is: SocketIOPacket(.disconnect(["message": "no"]))),
        PacketCase("2[5]", is: SocketIOPacket(.event(name: "5", arguments: [], ackID: nil))),
        PacketCase(#"50-["e"]"#, is: SocketIOPacket(.event(name: "e", arguments: [], ackID: nil))),
        PacketCase(
            #"2["e",{"_placeholder":true,"num":0}]"#,
            is: SocketIOPacket(
                .event(name: "e", arguments: [["_placeholder": true, "num": 0]], ackID: nil))),
        PacketCase(
            #"52-["e",{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}]"#, [1], [2],
            is: SocketIOPacket(.event(name: "e", arguments: [.binary([2]), .binary([2])], ackID: nil))),
    ]
}

/// Messages of which the last is refused.
private struct Refusal: CustomTestStringConvertible, Sendable {
    let messages: [SocketIOMessage]
    let error: SocketIOPacketError
    var testDescription: String { "\(self.messages)" }

    init(_ messages: SocketIOMessage..., error: SocketIOPacketError) {
        self.messages = messages
        self.error = error
    }

    private static func wrong(_ type: String, _ offset: Int, _ expected: String) -> SocketIOPacketError {
        .malformed(.wrongPayload(type: type, offset: offset, expected: expected))
    }

    static let all: [Refusal] = [
        Refusal(.text(""), error: .malformed(.empty)),
        Refusal(.text("abc"), error: .malformed(.unknownType(0x61))),
        Refusal(.text("7"), error: .malformed(.unknownType(0x37))),
        Refusal(.text("2"), error: wrong("event", 0, "an array with a name")),
        Refusal(.text("2{}"), error: wrong("event", 1, "an array")),
        Refusal(.text("2[]"), error: wrong("event", 1, "an event name as first element")),
        Refusal(.text("2[null]"), error: wrong("event", 1, "an event name as first element")),
        Refusal(.text(#"2["e"]x"#), error: .malformed(.badJSON(offset: 6, expected: "end of the text"))),
        Refusal(.text("3[]"), error: wrong("ack", 0, "an id and an array")),
        Refusal(.text("312"), error: wrong("ack", 0, "an id and an array")),
        Refusal(.text("5[]"), error: .malformed(.badAttachmentCount(offset: 1))),
        Refusal(.text(#"299999999999999999999["e"]"#), error: .malformed(.badAckID(offset: 1))),
        Refusal(
            .text(#"0/custom{"a":"1","b":2}"#),
            error: .malformed(.badJSON(offset: 20, expected: "end of the text"))),
        Refusal(.binary([1, 2]), error: .orphanAttachment(bytes: 2)),
        Refusal(.text(#"51-["e"]"#), .text("2[\"f\"]"), error: .attachmentsMissing(count: 1)),
        Refusal(.text(#"54-["e"]"#), error: .tooManyAttachments(count: 4, limit: 3)),
        Refusal(.text(#"52-["e"]"#), .binary([1, 2, 3]), .binary([1, 2]), error: .attachmentsTooBig(limitBytes: 4)),
        Refusal(.text(#"51-["e",{"_placeholder":true,"num":1}]"#), .binary([]), error: .badPlaceholder),
        Refusal(.text(#"51-["e",{"_placeholder":true,"num":-1}]"#), .binary([]), error: .badPlaceholder),
        Refusal(.text(#"51-["e",{"_placeholder":true}]"#), .binary([]), error: .badPlaceholder),
        Refusal(.text(#"50-["e",{"_placeholder":true,"num":0}]"#), error: .badPlaceholder),
        Refusal(.text("51-"), error: wrong("binary_event", 0, "an array with a name")),
    ]
}

@Suite("Socket.IO packets as values")
struct SocketIOPacketTests {
    @Test("are written", arguments: PacketCase.all)
    private func encodes(_ c: PacketCase) {
        #expect(c.packet.encoded() == c.messages)
    }

    @Test("are read", arguments: PacketCase.all + PacketCase.read)
    private func decodes(_ c: PacketCase) throws {
        var decoder = SocketIOPacketDecoder()
        for message in c.messages.dropLast() { #expect(try decoder.receive(message) == nil) }
        #expect(try decoder.receive(c.messages.last!) == c.packet)
        // Nothing of it is left.
        #expect(try decoder.receive(.text("1")) == SocketIOPacket(.disconnect(nil)))
    }

    @Test("are refused", arguments: Refusal.all)
    private func refuses(_ c: Refusal) throws {
        var decoder = SocketIOPacketDecoder(attachmentLimit: 3, attachmentBytesLimit: 4)
        for message in c.messages.dropLast() { #expect(try decoder.receive(message) == nil) }
        #expect(throws: c.error) { try decoder.receive(c.messages.last!) }
    }

    @Test("any bytes give a packet or an error", arguments: 0..<20)
    func anyInput(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var decoder = SocketIOPacketDecoder()
        for _ in 0..<300 {
            let seedCase = (PacketCase.all + PacketCase.read).randomElement(using: &random)!
            for message in seedCase.messages {
                guard case .text(let text) = message, Bool.random(using: &random) else {
                    _ = try? decoder.receive(message)
                    continue
                }
                let mutated = String(decoding: random.mutated(Array(text.utf8)), as: UTF8.self)
                guard let packet = try? decoder.receive(.text(mutated)) else { continue }
                // What was read can be written, and reads the same again.
                var again = SocketIOPacketDecoder()
                #expect(packet.encoded().reduce(nil) { _, part in try? again.receive(part) } == packet)
            }
        }
    }

    @Test(
        "namespaces have their slash, and no comma",
        arguments: [("", "/"), ("/", "/"), ("chat", "/chat"), ("/a/b", "/a/b"), ("a,b", nil)] as [(String, String?)])
    func namespaces(_ name: String, _ expected: String?) {
        #expect(SocketIOPacket.normalized(namespace: name) == expected)
    }

    @Test("numbers that JSON cannot say are null")
    func numbers() {
        #expect(SocketIOValue(Double.nan) == .null)
        #expect(SocketIOValue(Double.infinity) == .null)
        #expect(SocketIOValue(0.5) == .number("0.5"))
        #expect(SocketIOValue(UInt64.max) == .number("18446744073709551615"))
    }
}
