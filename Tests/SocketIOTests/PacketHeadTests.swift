import SocketIO
import TestSupport
import Testing
import TimelineModel

/// A packet as the timeline would show it.
struct Packet: Equatable, Sendable {
    var type: SocketIOType
    var namespace = "/"
    var query: String?
    var attachments: Int?
    var ackID: Int64?
    var payload: String?
    var event: String?
    var hasSpace = false

    init(
        _ type: SocketIOType, _ namespace: String = "/", query: String? = nil, attachments: Int? = nil,
        ack: Int64? = nil,
        event: String? = nil, payload: String? = nil, hasSpace: Bool = false
    ) {
        self.type = type
        self.namespace = namespace
        self.query = query
        self.attachments = attachments
        self.ackID = ack
        self.payload = payload
        self.event = event
        self.hasSpace = hasSpace
    }

    init(_ text: String, _ version: SocketIOVersion) throws(SocketIODecodeError) {
        let bytes = Array(text.utf8)
        let head = try SocketIOPacketHead(bytes.span, version)
        func part(_ range: Range<Int>?) -> String? { range.map { String(decoding: bytes[$0], as: UTF8.self) } }
        self.init(
            head.type, part(head.namespace) ?? "/", query: part(head.query), attachments: head.attachments,
            ack: head.ackID,
            event: head.event, payload: part(head.payload), hasSpace: head.hasSpaceBeforePayload)
    }
}

struct HeadCase: CustomTestStringConvertible, Sendable {
    let text: String
    let version: SocketIOVersion
    let expected: Result<Packet, SocketIODecodeError>

    static func packet(_ text: String, _ packet: Packet, _ version: SocketIOVersion = .v5) -> HeadCase {
        HeadCase(text: text, version: version, expected: .success(packet))
    }

    static func error(_ text: String, _ error: SocketIODecodeError, _ version: SocketIOVersion = .v5) -> HeadCase {
        HeadCase(text: text, version: version, expected: .failure(error))
    }

    var testDescription: String { "\(self.version) \(self.text.debugDescription)" }
}

@Suite("Socket.IO packets")
struct PacketHeadTests {
    private static let hundred = String(repeating: "7", count: 100)

    static let cases: [HeadCase] = [
        // Every type, with and without namespace.
        .packet("0", Packet(.connect)), .packet("0{\"token\":\"x\"}", Packet(.connect, payload: "{\"token\":\"x\"}")),
        .packet("0/admin", Packet(.connect, "/admin")), .packet("0/admin,", Packet(.connect, "/admin")),
        .packet("0/admin,{\"a\":1}", Packet(.connect, "/admin", payload: "{\"a\":1}")),
        .packet("0/,{\"a\":1}", Packet(.connect, payload: "{\"a\":1}")),
        .packet("1", Packet(.disconnect)), .packet("1/admin,", Packet(.disconnect, "/admin")),
        .packet("2[\"a\",1]", Packet(.event, event: "a", payload: "[\"a\",1]")),
        .packet("2/n,[\"a\"]", Packet(.event, "/n", event: "a", payload: "[\"a\"]")),
        .packet("3[]", Packet(.ack, payload: "[]")),
        .packet("3/n,1[\"ok\"]", Packet(.ack, "/n", ack: 1, payload: "[\"ok\"]")),
        .packet("4{\"message\":\"no\"}", Packet(.connectError, payload: "{\"message\":\"no\"}")),
        .packet("4/n,\"no\"", Packet(.connectError, "/n", payload: "\"no\"")),
        .packet("51-[\"a\",{}]", Packet(.binaryEvent, attachments: 1, event: "a", payload: "[\"a\",{}]")),
        .packet("52-/n,7[\"a\"]", Packet(.binaryEvent, "/n", attachments: 2, ack: 7, event: "a", payload: "[\"a\"]")),
        .packet("61-7[{}]", Packet(.binaryAck, attachments: 1, ack: 7, payload: "[{}]")),
        .error("", .empty), .error("7", .unknownType(0x37)), .error("8[]", .unknownType(0x38)),
        .error("a", .unknownType(0x61)),
        .error("/", .unknownType(0x2F)), .error(" 2", .unknownType(0x20)), .error("\0", .unknownType(0)),
        // A query: part of the name in v5, taken off in v4.
        .packet("0/n?a=b,", Packet(.connect, "/n?a=b")),
        .packet("0/n?a=b,", Packet(.connect, "/n", query: "?a=b"), .v4),
        .packet("0/?a=b,", Packet(.connect, query: "?a=b"), .v4), .packet("0/?a=b,", Packet(.connect, "/?a=b")),
        .packet("2/n?,[\"a\"]", Packet(.event, "/n", query: "?", event: "a", payload: "[\"a\"]"), .v4),
        // A comma forgotten: the name runs to the first one.
        .packet("0/n{\"a\":1}", Packet(.connect, "/n{\"a\":1}")),
        .error("0/n{\"a\":1,\"b\":2}", .badJSON(offset: 13, expected: "end of the text")),
        .error("0n,", .badJSON(offset: 1, expected: "null")),
        // Ack ids.
        .packet("20[\"a\"]", Packet(.event, ack: 0, event: "a", payload: "[\"a\"]")),
        .packet("2007[\"a\"]", Packet(.event, ack: 7, event: "a", payload: "[\"a\"]")),
        .packet("39007199254740993[]", Packet(.ack, ack: 9_007_199_254_740_993, payload: "[]")),
        .packet("39223372036854775807[]", Packet(.ack, ack: .max, payload: "[]")),
        .error("39223372036854775808[]", .badAckID(offset: 1)), .error("3/n,\(Self.hundred)[]", .badAckID(offset: 4)),
        .error("31e+21[1]", .badJSON(offset: 2, expected: "a value")),
        .error("3-1[]", .badJSON(offset: 3, expected: "end of the text")),
        .error("2abc[\"a\"]", .badJSON(offset: 1, expected: "a value")),
        // Attachment counts.
        .packet("50-[\"a\"]", Packet(.binaryEvent, attachments: 0, event: "a", payload: "[\"a\"]")),
        .packet(
            "52147483647-[\"a\"]", Packet(.binaryEvent, attachments: 2_147_483_647, event: "a", payload: "[\"a\"]")),
        .error("52147483648-[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("59223372036854775808-[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("5\(Self.hundred)-[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("5", .badAttachmentCount(offset: 1)), .error("5-[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("51", .badAttachmentCount(offset: 1)), .error("51[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("51.5-[\"a\"]", .badAttachmentCount(offset: 1)), .error("5-1-[\"a\"]", .badAttachmentCount(offset: 1)),
        .error("6a-[]", .badAttachmentCount(offset: 1)), .packet("61-", Packet(.binaryAck, attachments: 1)),
        // White space, and what stands behind.
        .packet("2 [\"a\"]", Packet(.event, event: "a", payload: "[\"a\"]", hasSpace: true)),
        .packet("2/n,1\n[\"a\"]", Packet(.event, "/n", ack: 1, event: "a", payload: "[\"a\"]", hasSpace: true)),
        .packet("2[\"a\"] \n", Packet(.event, event: "a", payload: "[\"a\"]")),
        .packet("2[ \"a\" , 1 ]", Packet(.event, event: "a", payload: "[ \"a\" , 1 ]")),
        .error("2 ", .badJSON(offset: 2, expected: "a value after white space")),
        .error("2[\"a\",1]x", .badJSON(offset: 8, expected: "end of the text")),
        .error("2[\"a\"", .badJSON(offset: 5, expected: "',' or ']'")),
        .error("3[1,]", .badJSON(offset: 4, expected: "a value")),
        // Event names.
        .packet("2[\"\"]", Packet(.event, event: "", payload: "[\"\"]")),
        .packet("2[\"\\u20ac\\n\"]", Packet(.event, event: "€\n", payload: "[\"\\u20ac\\n\"]")),
        .packet("2[1,\"a\"]", Packet(.event, event: "1", payload: "[1,\"a\"]")),
        .packet("2[-1.5e3]", Packet(.event, event: "-1.5e3", payload: "[-1.5e3]")),
        .packet("2[\"connect\"]", Packet(.event, event: "connect", payload: "[\"connect\"]")),
        .packet("2", Packet(.event)), .packet("2/n,12", Packet(.event, "/n", ack: 12)), .packet("3", Packet(.ack)),
        // Payloads of the wrong kind.
        .error("0[]", .wrongPayload(type: "connect", offset: 1, expected: "an object or nothing")),
        .error("0\"a\"", .wrongPayload(type: "connect", offset: 1, expected: "an object or nothing")),
        .packet("0\"a\"", Packet(.connect, payload: "\"a\""), .v4),
        .packet("1{}", Packet(.disconnect, payload: "{}")),
        .error("2{}", .wrongPayload(type: "event", offset: 1, expected: "an array")),
        .error("2\"a\"", .wrongPayload(type: "event", offset: 1, expected: "an array")),
        .error("2null", .wrongPayload(type: "event", offset: 1, expected: "an array")),
        .error("2[]", .wrongPayload(type: "event", offset: 1, expected: "an event name as first element")),
        .error("2[null]", .wrongPayload(type: "event", offset: 1, expected: "an event name as first element")),
        .error("2[{}]", .wrongPayload(type: "event", offset: 1, expected: "an event name as first element")),
        .error("51-[true]", .wrongPayload(type: "binary_event", offset: 3, expected: "an event name as first element")),
        .error("3{}", .wrongPayload(type: "ack", offset: 1, expected: "an array")),
        .error("61-{}", .wrongPayload(type: "binary_ack", offset: 3, expected: "an array")),
        .error("4[1]", .wrongPayload(type: "connect_error", offset: 1, expected: "an object or a string")),
        .packet("4[1]", Packet(.connectError, payload: "[1]"), .v4),
        .packet("4/n,", Packet(.connectError, "/n"), .v4),
    ]

    @Test("one packet", arguments: Self.cases)
    func decodes(_ c: HeadCase) {
        let actual = Result { () throws(SocketIODecodeError) in try Packet(c.text, c.version) }
        #expect(actual == c.expected)
    }

    @Test("it may begin in the middle of bytes; offsets count from their start")
    func offset() throws {
        let bytes = Array("42/n,1[\"a\"]".utf8)
        let head = try SocketIOPacketHead(bytes.span, from: 1, .v5)
        #expect(head.namespace == 2..<4)
        #expect(head.payload == 6..<11)
        #expect(throws: SocketIODecodeError.empty) {
            try SocketIOPacketHead(bytes.span, from: bytes.count, .v5)
        }
        #expect(throws: SocketIODecodeError.badJSON(offset: 7, expected: "a value")) {
            try SocketIOPacketHead(Array("42/n,1[".utf8).span, from: 1, .v5)
        }
    }

    @Test("a payload nested a million levels deep is an event like another")
    func nested() throws {
        let nested = String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000)
        #expect(try Packet("2[\"a\",\(nested)]", .v5).event == "a")
    }

    @Test(
        "reserved names are those of the reference parser",
        arguments: [
            ("connect", true), ("connect_error", true), ("disconnect", true), ("disconnecting", true),
            ("newListener", true),
            ("removeListener", true), ("Connect", false), ("error", false), ("message", false), ("", false),
        ])
    func reserved(_ name: String, _ isReserved: Bool) {
        #expect(SocketIOPacketHead.isReserved(name) == isReserved)
    }

    @Test("errors say what was there", arguments: Self.cases)
    func descriptions(_ c: HeadCase) {
        guard case .failure(let error) = c.expected else { return }
        #expect(!error.description.isEmpty)
        #expect(!error.description.contains("\0"))
    }

    @Test("no text stops it, and every part lies inside")
    func random() {
        var random = SeededRandom(seed: 12)
        for _ in 0..<200 {
            for c in Self.cases {
                let bytes = random.mutated(Array(c.text.utf8))
                guard let head = try? SocketIOPacketHead(bytes.span, c.version) else { continue }
                for range in [head.namespace, head.query, head.payload].compactMap({ $0 }) {
                    #expect(range.lowerBound > 0 && range.upperBound <= bytes.count)
                }
                #expect(head.ackID ?? 0 >= 0 && head.attachments ?? 0 >= 0)
            }
        }
    }
}
