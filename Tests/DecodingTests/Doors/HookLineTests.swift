import HookLog
import JSONText
import Testing
import TimelineModel

@testable import Decoding

/// What the encoder must put together again: each text of the wire, in each place where it can stand.
@Suite("Hook log, packets put together again")
struct HookLinePacketTests {
    struct Place: CustomTestStringConvertible, Sendable {
        let version: Int
        let transport: String
        var testDescription: String { "v\(self.version) over \(self.transport)" }
    }

    static let places = [3, 4].flatMap { version in
        ["websocket", "polling"].map { Place(version: version, transport: $0) }
    }

    static let packets = [
        "2", "3", "2probe", "3probe", "5", "6", "1", "4", "40", "40{\"token\":\"x\"}", "40/admin,", "40/admin",
        "40/,{}",
        "40/admin?token=x&y=1,", "40/?token=x,", "40/admin?token=x,{\"a\":1}", "41", "41/admin,", "42[\"e\"]",
        "4212[\"e\",1]",
        "42007[\"e\"]", "42/n,7[\"e\",{\"a\":\"\u{1F600}\"}]", "42 [\"e\"]", "42[\"e\"] ", "427 [\"e\"]", "42[5]", "42",
        "43[]",
        "4312[\"ok\"]", "40 5", "40/n, 5", "407 5", "40-5", "44{\"message\":\"no\"}", "44/n,\"no\"", "450-[\"e\"]",
        "4502-[\"e\",1]", "461-7[{\"_placeholder\":true,\"num\":0}]", "4abc", "42[\"e\"", "42{}", "45[\"e\"]",
        "42[\"connect\"]",
        "40custom,", "4299999999999999999999[1]", "9x", "x", "", " ", "bAQIDBA==", "b4AQIDBA==", "b!", "b4!", "b",
        "b9AQ==",
        "42[\"e\"]x", "0", "0{}", "3 data", "4\u{0}", "42[\"\\u0000\"]", "42[\"a\\ud800\"]", "4hello",
    ]

    static let binaries: [[UInt8]] = [
        [], [4], [4, 1, 2, 3], [1, 2, 3], [9, 9], [2], [0, 0xFF],
        [
            0x83, 0xA4, 0x74, 0x79, 0x70, 0x65, 2, 0xA3, 0x6E, 0x73, 0x70, 0xA1, 0x2F, 0xA4, 0x64, 0x61, 0x74, 0x61,
            0x91, 0xA1, 0x65,
        ],
    ]

    /// A session that knows it speaks Socket.IO, then one packet after the other.
    static func log(_ place: Place, begin: String?) -> String {
        var text = ""
        var at: Int64 = 1
        func add(_ event: HookLine.Event) {
            at += 1
            HookLine(
                at: Timestamp(nanoseconds: at), session: "s", transport: Transport(rawValue: place.transport),
                event: event
            ).write(to: &text)
        }
        add(.open(.init(url: "ws://h:1/io/?EIO=\(place.version)&transport=\(place.transport)")))
        add(.message(.init(sender: .server, body: .text("0{\"sid\":\"S\"}"))))
        if let begin { add(.message(.init(sender: .client, body: .text(begin)))) }
        for packet in self.packets { add(.message(.init(sender: .client, body: .text(packet)))) }
        for binary in self.binaries {
            for sender in Sender.allCases { add(.message(.init(sender: sender, body: .bytes(binary)))) }
        }
        return text
    }

    @Test("Socket.IO", arguments: places)
    func socketIO(_ place: Place) throws {
        let output = try DoorOutput.hookLog(Self.log(place, begin: "40"))
        #expect(output.sessions.first?.parser == .json)
        try HookLogRoundTripTests.expectSameFrames(output)
    }

    @Test("plain Engine.IO", arguments: places)
    func engineIO(_ place: Place) throws {
        let output = try DoorOutput.hookLog(Self.log(place, begin: "4hello"))
        #expect(output.sessions.first?.socketIOVersion == nil)
        try HookLogRoundTripTests.expectSameFrames(output)
    }

    @Test("MessagePack decides", arguments: places)
    func messagePack(_ place: Place) throws {
        let packet = Self.binaries[7]
        var text = ""
        for sender in Sender.allCases {
            let body: [UInt8] = place.version == 3 ? [4] + packet : packet
            HookLine(
                at: Timestamp(nanoseconds: 5), session: "s", transport: Transport(rawValue: place.transport),
                event: .message(.init(sender: sender, body: .bytes(body)))
            ).write(to: &text)
        }
        let open = Self.log(place, begin: nil).split(separator: "\n").prefix(2).joined(separator: "\n")
        let output = try DoorOutput.hookLog(open + "\n" + text)
        #expect(output.sessions.first?.parser == .msgpack)
        try HookLogRoundTripTests.expectSameFrames(output)
    }

    @Test("control frames, and codes that may not stand in them")
    func control() throws {
        var text = ""
        func add(_ event: HookLine.Event) {
            HookLine(at: Timestamp(nanoseconds: 5), session: "s", transport: .websocket, event: event).write(to: &text)
        }
        add(.open(.init(url: "ws://h:1/feed")))
        for opcode: UInt8 in [8, 9, 10] {
            let bodies: [HookLine.Body] = [
                .text(""), .text("hi"), .bytes([]), .bytes([3]), .bytes([0xFF, 0xFE]), .bytes([3, 0xED, 0x61]),
                .bytes([3, 0xEE]), .bytes([3, 0xE8, 0xFF]), .unreadable(opcode: opcode, reason: "a gap"),
            ]
            for body in bodies { add(.control(.init(sender: .client, opcode: opcode, body: body))) }
        }
        add(.close(.init(by: .server, code: 1005)))
        add(.close(.init(by: .server, code: 1000, reason: "bye")))
        let output = try DoorOutput.hookLog(text)
        #expect(output.frames.count == 29)
        #expect(Set(output.frames.compactMap(\.closeCode)) == [0x6869, 0xFFFE, 1005, 1006, 1000])
        try HookLogRoundTripTests.expectSameFrames(output)
    }

    @Test("every line that is written is read as it was")
    func lines() throws {
        let measure = HookLine.Measure(sizeBytes: 3, wireBytes: 9, flags: [.batched, .compressed])
        let events: [HookLine.Event] = [
            .open(.init(url: nil)),
            .open(.init(url: "ws://h/\"\\\n\u{1F600}", client: "x", clientAddress: "::1", clientPort: 65_535)),
            .message(.init(sender: .server, body: .text("\u{0}\u{1F}\u{7F}\u{2028}\""), measure: measure)),
            .message(.init(sender: .client, body: .bytes([0, 255]), isRefused: true)),
            .message(.init(sender: .client, body: .unreadable(opcode: 2, reason: "r"), measure: measure)),
            .control(.init(sender: .client, opcode: 9, body: .unreadable(opcode: 9, reason: "r"))),
            .control(.init(sender: .client, opcode: 10, body: .bytes([]), measure: measure)),
            .close(.init(by: nil, code: 1006, end: .httpError)),
            .close(.init(by: .client, code: 0, reason: "\t", measure: measure)),
        ]
        for event in events {
            for transport in [nil, Transport.polling, .websocket] {
                let line = HookLine(
                    at: Timestamp(nanoseconds: .min), session: "a\"b", transport: transport, event: event)
                var text = ""
                line.write(to: &text)
                #expect(text.hasSuffix("}\n"))
                #expect(try HookLine(Array(text.utf8.dropLast()).span) == line)
            }
        }
    }
}
