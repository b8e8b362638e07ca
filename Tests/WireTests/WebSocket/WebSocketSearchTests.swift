import Testing
import TimelineModel

@testable import Wire

@Suite("Looking for WebSocket frames over several segments")
struct WebSocketSearchTests {
    private typealias Bytes = WebSocketBytes
    private static let event = Bytes.text("42[\"tick\",1]")

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let input: [FrameInput]
        let expected: [FrameOutput]
        var testDescription: String { self.name }
    }

    private static func binary(_ count: Int, after: FrameFlags = []) -> (bytes: [UInt8], output: FrameOutput) {
        let noise = Bytes.noise(count, seed: UInt64(count))
        return (Bytes.frame(2, noise), .frame(2, noise, flags: after))
    }

    static let cases: [Case] = [
        Case(
            name: "short binary messages, each alone in its segment",
            input: [.bytes([7, 7, 7]), .bytes(binary(9).bytes), .bytes(binary(5).bytes), .bytes(binary(7).bytes)],
            expected: [binary(9, after: .afterGap).output, binary(5).output, binary(7).output, .undecoded(3)]),
        Case(
            name: "two of them are no proof",
            input: [.bytes(binary(9).bytes), .bytes(binary(5).bytes)], expected: [.undecoded(18)]),
        Case(
            name: "a gap between them", input: [.bytes(binary(9).bytes), .gap(3), .bytes(binary(5).bytes)],
            expected: [.undecoded(18)]),
        Case(
            name: "cut anywhere, the last one in its header",
            input: [
                .bytes(Array((binary(60).bytes + binary(50).bytes).prefix(80))),
                .bytes(Array((binary(60).bytes + binary(50).bytes).dropFirst(80))), .bytes(binary(7).bytes + [0x82]),
                .bytes([0x01, 0x00]),
            ],
            expected: [
                binary(60, after: .afterGap).output, binary(50).output, binary(7).output, .frame(2, [0]),
            ]),
        Case(
            name: "a header in a segment of its own",
            input: [.bytes(Array(event.prefix(2))), .bytes(Array(event.dropFirst(2))), .bytes(event)],
            expected: [
                .frame(1, Array(event.dropFirst(2)), flags: .afterGap), .frame(1, Array(event.dropFirst(2))),
            ]),
        Case(
            name: "the first that may be one is none, and a later one is",
            input: [.bytes([0x82, 0x0C, 1, 2, 3]), .bytes(binary(9).bytes), .bytes(binary(5).bytes)]
                + [.bytes(binary(7).bytes)],
            expected: [binary(9, after: .afterGap).output, binary(5).output, binary(7).output, .undecoded(5)]),
        Case(
            name: "a heartbeat inside what may be a long message",
            input: [.bytes([0x82, 0x7E, 0x40, 0x00, 1, 2, 3]), .bytes(Bytes.text("2"))],
            expected: [.frame(1, [0x32], flags: .afterGap), .undecoded(7)]),
        Case(
            name: "what announces more than may wait does not",
            input: [.bytes([0x82, 0x7F, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3]), .bytes(event)],
            expected: [.frame(1, Array(event.dropFirst(2)), flags: .afterGap), .undecoded(13)]),
    ]

    @Test("adds up", arguments: cases)
    func addsUp(_ searchCase: Case) {
        var run = FrameRun(isLost: true)
        for input in searchCase.input { run.take(input) }
        #expect(run.finish() == searchCase.expected)
    }

    @Test("deflated messages of any size are found, with and without what they refer to", arguments: [false, true])
    func deflated(_ keepsContext: Bool) {
        for size in [1, 2, 5, 20, 60, 110] {
            let deflater = Deflater()
            var run = FrameRun(isLost: true)
            for index in 0..<8 {
                let message = deflater.message("42[\"\(String(repeating: "ab", count: size / 2))\",\(index)]")
                run.take(.bytes(Bytes.frame(1, message, rsv: 4, key: Bytes.key)))
                if !keepsContext { deflater.reset() }
            }
            #expect(run.finish().count == 8, "\(size)")
        }
    }

    @Test("every byte is in a frame, or is told to be in none")
    func counts() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<300 {
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                switch Int.random(in: 0...4, using: &random) {
                case 0: stream += Bytes.noise(Int.random(in: 1...90, using: &random), seed: random.next())
                case 1: stream += [0x82, 0x7E, UInt8.random(in: 0...255, using: &random)]
                case 2: stream += Bytes.frame(2, Bytes.noise(Int.random(in: 1...300, using: &random), seed: 3))
                case 3: stream += Self.event
                default: stream += Bytes.frame(9, [])
                }
            }
            var decoder = WebSocketFrameDecoder(isLost: true, mayBeCompressed: true, limitBytes: 1000, searchBytes: 500)
            var framed = 0
            var offset = 0
            while offset < stream.count {
                let end = min(stream.count, offset + Int.random(in: 1...120, using: &random))
                let piece = Array(stream[offset..<end])
                decoder.feed(piece.span, ChunkFacts(at: .zero)) { frame, _ in
                    if frame.isWhole { framed += frame.header.totalBytes }
                }
                offset = end
            }
            decoder.finish(at: .zero)
            // Of a payload that is passed over, the header is of no frame and not counted either.
            let isWhole = !decoder.anomalies.contains { $0.code.text == "websocket.frame-over-limit" }
            if isWhole { #expect(framed + decoder.undecodedBytes == stream.count) }
        }
    }

    struct Other: CustomTestStringConvertible, Sendable {
        let name: String
        /// One message.
        let make: @Sendable (inout SeededRandom) -> [UInt8]
        var testDescription: String { self.name }

        init(_ name: String, _ make: @escaping @Sendable (inout SeededRandom) -> [UInt8]) {
            self.name = name
            self.make = make
        }
    }

    private static func noise(_ lengths: ClosedRange<Int>, _ random: inout SeededRandom) -> [UInt8] {
        Bytes.noise(Int.random(in: lengths, using: &random), seed: random.next())
    }

    /// As they stand in a segment each, several in one, or cut anywhere.
    static let protocols: [Other] = [
        Other("random bytes") { noise(1...200, &$0) },
        Other("long random bytes") { noise(400...1448, &$0) },
        Other("a length of one byte") {
            let data = noise(1...100, &$0)
            return [UInt8(data.count)] + data
        },
        Other("a length of two bytes, as DNS") {
            let data = noise(12...100, &$0)
            return [0, UInt8(data.count)] + data
        },
        Other("a length of four bytes, as Kafka") {
            let data = noise(1...100, &$0)
            return [0, 0, 0, UInt8(data.count)] + data
        },
        Other("STX and a length") {
            let data = noise(1...100, &$0)
            return [2, UInt8(data.count)] + data
        },
        Other("SUBSCRIBE of MQTT") {
            let data = noise(6...60, &$0)
            return [0x82, UInt8(data.count)] + data
        },
        Other("lines") { random in
            Array("A\(Int.random(in: 1...999, using: &random)) FETCH 1:* FLAGS\r\n".utf8)
        },
        Other("zeros") { [UInt8](repeating: 0, count: Int.random(in: 1...400, using: &$0)) },
    ]

    @Test("other protocols prove nothing, however long", arguments: protocols)
    func others(_ other: Other) {
        var random = SeededRandom(seed: 11)
        for mode in 0..<2 {
            var accepted = 0
            for _ in 0..<20 {
                var search = WebSocketSearch(mayBeCompressed: true, .none, limitBytes: 64 << 10)
                for _ in 0..<400 {
                    var bytes = other.make(&random)
                    if mode == 1 { bytes = Array(bytes.prefix(Int.random(in: 1...40, using: &random))) }
                    let answer = search.receive(bytes.span, ChunkFacts(at: .zero), masked: nil)
                    #expect(search.heldBytes <= 64 << 10)
                    if answer == .proven {
                        accepted += 1
                        break
                    }
                }
            }
            #expect(accepted == 0, "mode \(mode)")
        }
    }

    @Test(
        "two messages of another protocol in a segment prove nothing",
        arguments: protocols.filter { $0.name.contains("length") })
    func pairs(_ other: Other) {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2000 {
            let bytes = other.make(&random) + other.make(&random)
            let isProven = WebSocketBoundary.isProven(bytes.span, masked: nil, mayBeCompressed: true)
            #expect(!isProven)
        }
    }

    @Test("of random payloads few have the shape of a deflated message", arguments: [2, 3, 5, 12, 40, 125])
    func shapes(_ length: Int) {
        var random = SeededRandom(seed: UInt64(length))
        var messages = 0
        var finals = 0
        for _ in 0..<20_000 {
            let bytes = Bytes.noise(length, seed: random.next())
            switch DeflateShape(bytes.span) {
            case .message, .refersBack: messages += 1
            case .final: finals += 1
            case .none, .tooLarge: break
            }
        }
        // One in 2^12 and one in 2^8 are what they count for; five are expected of the first, at most.
        #expect(messages <= 12)
        #expect(finals <= 78)
    }
}
