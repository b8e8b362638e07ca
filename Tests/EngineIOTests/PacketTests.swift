import EngineIO
import TestSupport
import Testing
import TimelineModel

struct PacketCase: CustomTestStringConvertible, Sendable {
    let bytes: [UInt8]
    let isBinary: Bool
    let version: EngineIOVersion
    let expected: Result<EngineIOPacket, EngineIODecodeError>

    /// A text.
    init(_ text: String, _ version: EngineIOVersion, _ expected: EngineIOPacket) {
        self.init(Array(text.utf8), version, isBinary: false, .success(expected))
    }

    init(_ text: String, _ version: EngineIOVersion, _ expected: EngineIODecodeError) {
        self.init(Array(text.utf8), version, isBinary: false, .failure(expected))
    }

    init(binary: [UInt8], _ version: EngineIOVersion, _ expected: EngineIOPacket) {
        self.init(binary, version, isBinary: true, .success(expected))
    }

    init(binary: [UInt8], _ version: EngineIOVersion, _ expected: EngineIODecodeError) {
        self.init(binary, version, isBinary: true, .failure(expected))
    }

    private init(
        _ bytes: [UInt8], _ version: EngineIOVersion, isBinary: Bool,
        _ expected: Result<EngineIOPacket, EngineIODecodeError>
    ) {
        self.bytes = bytes
        self.isBinary = isBinary
        self.version = version
        self.expected = expected
    }

    var testDescription: String {
        "\(self.version) "
            + (self.isBinary ? "\(self.bytes)" : String(decoding: self.bytes, as: UTF8.self).debugDescription)
    }
}

@Suite("Engine.IO packets")
struct PacketTests {
    static let cases: [PacketCase] =
        EngineIOVersion.allCases.flatMap { version in
            EngineIOType.allCases.map { PacketCase("\($0.rawValue)", version, EngineIOPacket($0)) } + [
                .init("4hello €😀", version, EngineIOPacket(.message, "hello €😀")),
                .init("2probe", version, EngineIOPacket(.ping, "probe")),
                .init("3probe", version, EngineIOPacket(.pong, "probe")),
                .init("0{\"sid\":\"x\"}", version, EngineIOPacket(.open, "{\"sid\":\"x\"}")),
                .init("44", version, EngineIOPacket(.message, "4")),
                .init("", version, .empty),
                .init("7", version, .unknownType(0x37)), .init("9x", version, .unknownType(0x39)),
                .init("abc", version, .unknownType(0x61)), .init(" 4", version, .unknownType(0x20)),
                .init("\u{4}a", version, .unknownType(4)), .init("/", version, .unknownType(0x2F)),
                .init("€", version, .unknownType(0xE2)), .init("B4", version, .unknownType(0x42)),
            ]
        } + [
            // Base64: v4 without a type digit, v3 with one.
            .init("bAQIDBA==", .v4, EngineIOPacket(.message, binary: [1, 2, 3, 4])),
            .init("bAQIDBA", .v4, EngineIOPacket(.message, binary: [1, 2, 3, 4])),
            .init("b", .v4, EngineIOPacket(.message, binary: [])),
            .init("b4AQ", .v4, EngineIOPacket(.message, binary: [0xE0, 0x04])),
            .init("b?", .v4, .badBase64(offset: 1)), .init("bA", .v4, .badBase64(offset: 1)),
            .init("bAQ=D", .v4, .badBase64(offset: 1)),
            .init("b4AQIDBA==", .v3, EngineIOPacket(.message, binary: [1, 2, 3, 4])),
            .init("b4", .v3, EngineIOPacket(.message, binary: [])),
            .init("b", .v3, .empty), .init("bAQ", .v3, .unknownType(0x41, offset: 1)),
            .init("b4?", .v3, .badBase64(offset: 2)),
            // Binary: v4 is all data, v3 begins with the type as a number.
            .init(binary: [], .v4, EngineIOPacket(.message, binary: [])),
            .init(binary: [4, 1], .v4, EngineIOPacket(.message, binary: [4, 1])),
            .init(binary: [0x32], .v4, EngineIOPacket(.message, binary: [0x32])),
            .init(binary: [4, 1, 2], .v3, EngineIOPacket(.message, binary: [1, 2])),
            .init(binary: [4], .v3, EngineIOPacket(.message, binary: [])),
            .init(binary: [6], .v3, EngineIOPacket(.noop, binary: [])),
            .init(binary: [], .v3, .empty), .init(binary: [7], .v3, .unknownType(7)),
            .init(binary: [0x34, 1], .v3, .unknownType(0x34)),
        ]

    @Test("one packet", arguments: Self.cases)
    func decodes(_ c: PacketCase) {
        let actual = Result { () throws(EngineIODecodeError) in
            let head =
                c.isBinary
                ? try EngineIOPacketHead.binary(c.bytes.span, c.version)
                : try EngineIOPacketHead.text(c.bytes.span, c.version)
            return try EngineIOPacket(head, c.bytes.span)
        }
        #expect(actual == c.expected)
    }

    @Test("errors say what was there")
    func descriptions() {
        #expect(
            EngineIODecodeError.unknownType(7).description
                == "byte 0x07 at offset 0 of the packet; expected a type digit 0 to 6")
        #expect(EngineIODecodeError.badBase64(offset: 2).description.contains("offset 2"))
        #expect(EngineIODecodeError.empty.description.contains("empty"))
    }

    @Test("no bytes stop it")
    func random() {
        var random = SeededRandom(seed: 8)
        for count in 0..<2_000 {
            let bytes = random.bytes(count % 9)
            for version in EngineIOVersion.allCases {
                for head in [try? EngineIOPacketHead.text(bytes.span, version), try? .binary(bytes.span, version)] {
                    guard let head else { continue }
                    #expect(head.dataOffset <= bytes.count)
                    _ = try? EngineIOPacket(head, bytes.span)
                }
            }
        }
    }
}
