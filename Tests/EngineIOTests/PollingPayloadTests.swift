import EngineIO
import TestSupport
import Testing

struct PayloadCase: CustomTestStringConvertible, Sendable {
    let body: [UInt8]
    let version: EngineIOVersion
    /// The packets, binary ones as `<hex>`.
    let pieces: [String]
    let error: PollingPayloadError?

    init(_ body: String, _ version: EngineIOVersion, _ pieces: [String], _ error: PollingPayloadError? = nil) {
        self.init(Array(body.utf8), version, pieces, error)
    }

    init(_ body: [UInt8], _ version: EngineIOVersion, _ pieces: [String], _ error: PollingPayloadError? = nil) {
        self.body = body
        self.version = version
        self.pieces = pieces
        self.error = error
    }

    var testDescription: String { "\(self.version) \(String(decoding: self.body, as: UTF8.self).debugDescription)" }
}

@Suite("Polling payloads")
struct PollingPayloadTests {
    static let cases: [PayloadCase] = [
        // v4: separators, and nothing that could be wrong but an empty body.
        .init("4a", .v4, ["4a"]), .init("4a\u{1E}2\u{1E}bAQ==", .v4, ["4a", "2", "bAQ=="]),
        .init("\u{1E}", .v4, ["", ""]), .init("4a\u{1E}", .v4, ["4a", ""]), .init("", .v4, [], .empty),
        .init("2:4a", .v4, ["2:4a"]),
        // v3: the unit is UTF-16.
        .init("6:4hello2:4€", .v3, ["4hello", "4€"]), .init("3:4😀", .v3, ["4😀"]), .init("1:2", .v3, ["2"]),
        .init("5:4🇩🇪1:2", .v3, ["4🇩🇪", "2"]), .init("0:1:2", .v3, ["", "2"]), .init("002:4a", .v3, ["4a"]),
        .init("", .v3, [], .empty),
        .init("4hello", .v3, [], .noLength(offset: 0)), .init(":4a", .v3, [], .noLength(offset: 0)),
        .init("2:4a4b", .v3, [], .lengthMismatch(offset: 0, length: 2, fits: nil)),
        .init("2:4a3", .v3, [], .lengthMismatch(offset: 0, length: 2, fits: nil)),
        .init("2;4a", .v3, [], .noLength(offset: 0)),
        // Lengths in other units, as other implementations wrongly count.
        .init("2:4😀", .v3, [], .lengthMismatch(offset: 0, length: 2, fits: .codePoints)),
        .init("5:4😀", .v3, [], .lengthMismatch(offset: 0, length: 5, fits: .bytes)),
        .init("4:4€", .v3, [], .lengthMismatch(offset: 0, length: 4, fits: .bytes)),
        .init("4:4€2:4a", .v3, [], .lengthMismatch(offset: 0, length: 4, fits: .bytes)),
        .init("2:4a4:4€2:4b", .v3, ["4a"], .lengthMismatch(offset: 4, length: 4, fits: .bytes)),
        .init("2:4😀2:4a", .v3, [], .lengthMismatch(offset: 0, length: 2, fits: .codePoints)),
        .init("9:4a", .v3, [], .lengthMismatch(offset: 0, length: 9, fits: nil)),
        .init("99:4", .v3, [], .lengthMismatch(offset: 0, length: 99, fits: nil)),
        .init("99999999999999999999999:4", .v3, [], .lengthMismatch(offset: 0, length: .max, fits: nil)),
        // v3, binary form: digits as bytes, lengths in bytes.
        .init([0, 6, 0xFF] + Array("4hello".utf8) + [1, 5, 0xFF, 4, 1, 2, 3, 4], .v3, ["4hello", "<0401020304>"]),
        .init([0, 4, 0xFF] + Array("4€".utf8), .v3, ["4€"]),
        .init([1, 1, 0, 0xFF] + [UInt8](repeating: 4, count: 10), .v3, ["<04040404040404040404>"]),
        .init([0, 0xFF], .v3, [], .noLength(offset: 0)), .init([0], .v3, [], .noLength(offset: 0)),
        .init([0, 1], .v3, [], .noLength(offset: 0)), .init([0, 1, 0x32], .v3, [], .noLength(offset: 0)),
        .init([0, 1, 0xFF, 0x32, 7], .v3, ["2"], .noLength(offset: 4)),
        .init([0, 2, 0xFF, 0x32], .v3, [], .lengthMismatch(offset: 0, length: 2, fits: nil)),
        .init(
            [0] + [UInt8](repeating: 9, count: 30) + [0xFF], .v3, [],
            .lengthMismatch(offset: 0, length: .max, fits: nil)),
    ]

    @Test("a body and its packets", arguments: Self.cases)
    func splits(_ c: PayloadCase) {
        let (pieces, error) = Self.split(c.body, c.version)
        #expect(pieces == c.pieces)
        #expect(error == c.error)
    }

    static func split(_ body: [UInt8], _ version: EngineIOVersion) -> ([String], PollingPayloadError?) {
        var pieces: [String] = []
        do throws(PollingPayloadError) {
            try PollingPayload.split(body.span, version) { piece in
                let bytes = body[piece.range]
                pieces.append(
                    piece.isBinary
                        ? "<" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + ">"
                        : String(decoding: bytes, as: UTF8.self))
            }
            return (pieces, nil)
        } catch {
            return (pieces, error)
        }
    }

    @Test("what is split came from joining", arguments: 0..<20)
    func roundTrip(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let letters = ["a", "0", ":", "é", "€", "😀", "\u{301}", "\n"]
        for _ in 0..<100 {
            let packets = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                "4"
                    + (0..<Int.random(in: 0...5, using: &random)).map { _ in letters.randomElement(using: &random) ?? ""
                    }.joined()
            }
            let text = packets.map { "\($0.utf16.count):\($0)" }.joined()
            #expect(Self.split(Array(text.utf8), .v3).0 == packets)
            let binary: [UInt8] = packets.flatMap { (packet: String) -> [UInt8] in
                let digits: [UInt8] = String(packet.utf8.count).utf8.map { $0 - 0x30 }
                return [0] + digits + [0xFF] + Array(packet.utf8)
            }
            #expect(Self.split(binary, .v3).0 == packets)
            #expect(Self.split(Array(packets.joined(separator: "\u{1E}").utf8), .v4).0 == packets)
            for broken in [random.mutated(Array(text.utf8)), random.mutated(binary)] { _ = Self.split(broken, .v3) }
        }
    }

    @Test(
        "the version a body looks like",
        arguments: [
            ("", 4), ("4hello", 4), ("2", 4), ("96:0{", 3), ("1:2", 3), (":", 4), ("12", 4), ("\u{0}\u{1}", 3),
            ("\u{1}", 3),
        ])
    func version(_ body: String, _ version: Int) {
        #expect(PollingPayload.version(of: Array(body.utf8).span).rawValue == version)
    }

    @Test("errors say where, what and what would fit")
    func descriptions() {
        #expect(
            PollingPayloadError.lengthMismatch(offset: 3, length: 5, fits: .codePoints).description
                == "length 5 at offset 3 of the body, which fits in code points; expected one that fits in UTF-16 units"
        )
        #expect(PollingPayloadError.noLength(offset: 7).description.contains("at offset 7 of the body; expected "))
    }
}
