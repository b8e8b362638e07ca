import TestSupport
import Testing
import TimelineModel

@testable import EngineIO

@Suite("Encoding of polling payloads") struct PollingEncodingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let version: EngineIOVersion
        let base64: Bool
        let body: [UInt8]
        var testDescription: String { "\(self.version), base64 \(self.base64)" }
    }

    static let packets = [EngineIOPacket(.message, "€"), EngineIOPacket(.message, binary: [1, 2, 3, 4])]

    // Version 3's binary form as the reference server sends it: the type digit stands before the bytes.
    static let cases = [
        Case(version: .v4, base64: false, body: Array("4€\u{1E}bAQIDBA==".utf8)),
        Case(version: .v3, base64: true, body: Array("2:4€10:b4AQIDBA==".utf8)),
        Case(
            version: .v3, base64: false,
            body: [0, 4, 0xFF, 0x34, 0xE2, 0x82, 0xAC, 1, 5, 0xFF, 4, 1, 2, 3, 4]),
    ]

    @Test("bytes", arguments: Self.cases) func bytes(encoding: Case) {
        let body = PollingPayload.encode(Self.packets, encoding.version, base64: encoding.base64)
        #expect(body.bytes == encoding.body)
        #expect(body.isBinary == (encoding.version == .v3 && !encoding.base64))
    }

    @Test("what is encoded is read back", arguments: EngineIOVersion.allCases, 0..<50)
    func roundTrip(version: EngineIOVersion, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packets = (0..<Int.random(in: 1...5, using: &random)).map { _ in
            Bool.random(using: &random)
                ? EngineIOPacket(
                    EngineIOType.allCases.randomElement(using: &random) ?? .ping,
                    String(
                        (0..<Int.random(in: 0...12, using: &random)).map { _ in
                            ["a", "ü", "€", "😀", "1", ":"].randomElement(using: &random) ?? "x"
                        }.joined()))
                : EngineIOPacket(.message, binary: random.bytes(Int.random(in: 0...200, using: &random)))
        }
        for base64 in [true, false] {
            let body = PollingPayload.encode(packets, version, base64: base64)
            var read: [EngineIOPacket] = []
            try PollingPayload.split(body.bytes.span, version) { piece in
                let bytes = body.bytes.span.extracting(piece.range)
                let head =
                    piece.isBinary
                    ? try? EngineIOPacketHead.binary(bytes, version) : try? EngineIOPacketHead.text(bytes, version)
                if let packet = head.flatMap({ try? EngineIOPacket($0, bytes) }) { read.append(packet) }
            }
            #expect(read == packets)
        }
    }

    @Test("JSONP answers are read back") func jsonp() throws {
        let payload = Array("4[\"a\\n\u{1E}é\"]".utf8)
        let answer = JSONP.answer(payload, index: 12)
        #expect(String(decoding: answer.prefix(10), as: UTF8.self) == "___eio[12]")
        #expect(try JSONP.payload(ofAnswer: answer.span) == payload)
    }
}
