import Testing
import Wire

@Suite("WebSocket frames around a gap")
struct WebSocketGapTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var isLost = false
        let input: [FrameInput]
        let expected: [FrameOutput]
        var testDescription: String { self.name }
    }

    private typealias Bytes = WebSocketBytes
    private static let event = Bytes.text("42[\"tick\",1]")
    private static let afterGap: FrameOutput = .frame(1, Array("42[\"tick\",1]".utf8), flags: .afterGap)
    private static let tick: FrameOutput = .frame(1, Array("42[\"tick\",1]".utf8))

    static let cases: [Case] = [
        Case(
            name: "inside a payload: the next boundary is known",
            input: [.bytes([0x82, 10, 1, 2]), .gap(3), .bytes([6, 7, 8, 9, 10, 0x81, 1, 0x58])],
            expected: [.lost(2, length: 10, flags: .afterGap), .frame(1, [0x58]), .undecoded(9)]),
        Case(
            name: "the rest of a payload", input: [.bytes([0x82, 4, 1, 2]), .gap(2), .bytes([0x81, 1, 0x58])],
            expected: [.lost(2, length: 4), .frame(1, [0x58], flags: .afterGap), .undecoded(4)]),
        Case(
            name: "all of a payload", input: [.bytes([0x82, 4]), .gap(4), .bytes([0x81, 1, 0x58])],
            expected: [.lost(2, length: 4), .frame(1, [0x58], flags: .afterGap), .undecoded(2)]),
        Case(
            name: "twice in a payload",
            input: [.bytes([0x82, 10, 1]), .gap(3), .bytes([5, 6]), .gap(4), .bytes([0x81, 1, 0x58])],
            expected: [.lost(2, length: 10, flags: .afterGap), .frame(1, [0x58], flags: .afterGap), .undecoded(5)]),
        Case(
            name: "beyond a payload", input: [.bytes([0x82, 4, 1, 2]), .gap(3), .bytes([0x81, 1]), .bytes(event)],
            expected: [afterGap, .undecoded(6)]),
        Case(
            name: "in a header", input: [.bytes([0x82]), .gap(1), .bytes([0x58, 0x59]), .bytes(event)],
            expected: [afterGap, .undecoded(3)]),
        Case(
            name: "in an extended length", input: [.bytes([0x82, 0x7E, 1]), .gap(1), .bytes(event), .bytes(event)],
            expected: [afterGap, tick, .undecoded(3)]),
        Case(
            name: "at a boundary", input: [.bytes(event), .gap(7), .bytes(event), .bytes(event)],
            expected: [tick, afterGap, tick]),
        Case(
            name: "at a boundary, and the segment behind it begins inside a frame",
            input: [.bytes(event), .gap(7), .bytes(Array(event.dropFirst(3)) + event), .bytes(event)],
            expected: [tick, afterGap, .undecoded(25)]),
        Case(
            name: "a heartbeat alone is a proof", input: [.gap(7), .bytes(Bytes.text("2"))],
            expected: [.frame(1, [0x32], flags: .afterGap)]),
        Case(
            name: "frames with a mask where none had one are no proof",
            input: [.bytes(event), .gap(7), .bytes(Bytes.text("42[\"tick\",1]", key: Bytes.key)), .bytes(event)],
            expected: [tick, afterGap, .undecoded(18)]),
        Case(
            name: "in a frame over the limit",
            input: [.bytes([0x82, 0x7F, 0, 0, 0, 0, 0, 2, 0, 0, 1, 1]), .gap(131_070), .bytes(event)],
            expected: [
                .lost(2, length: 131_072), .frame(1, Array("42[\"tick\",1]".utf8), flags: .afterGap),
                .overLimit(131_072), .undecoded(2),
            ]),
        Case(
            name: "beyond a frame over the limit",
            input: [.bytes([0x82, 0x7F, 0, 0, 0, 0, 0, 2, 0, 0, 1, 1]), .gap(131_071), .bytes(event)],
            expected: [afterGap, .overLimit(131_072), .undecoded(2)]),
        Case(
            name: "behind an invalid length",
            input: [.bytes([UInt8](repeating: 0xFF, count: 14)), .gap(3), .bytes(event)],
            expected: [.invalidLength, .undecoded(28)]),
        Case(
            name: "joined in the middle of a frame", isLost: true,
            input: [.bytes(Array("ick\",1]".utf8)), .bytes(event), .bytes(event)],
            expected: [afterGap, tick, .undecoded(7)]),
        Case(
            name: "joined at a boundary", isLost: true, input: [.bytes(event + event)], expected: [afterGap, tick]),
        Case(
            name: "joined in a long text that the next segments go on with", isLost: true,
            input: [
                .bytes(Array(Bytes.text(String(repeating: "a", count: 300)).prefix(100))),
                .bytes([UInt8](repeating: 0x61, count: 204) + event),
            ], expected: [.frame(1, [UInt8](repeating: 0x61, count: 300), flags: .afterGap), tick]),
        Case(
            name: "segments that came again",
            input: [.bytes([0x81]), .bytes([1, 0x32], isRetransmitted: true), .bytes(event)],
            expected: [.frame(1, [0x32], flags: .retransmitted), tick]),
    ]

    @Test("goes on where a boundary is known", arguments: cases)
    func gap(_ gapCase: Case) {
        var run = FrameRun(isLost: gapCase.isLost)
        for input in gapCase.input { run.take(input) }
        #expect(run.finish() == gapCase.expected)
    }

    struct Proof: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var masked: Bool?
        var mayBeCompressed = true
        let isProven: Bool
        var testDescription: String { self.name }

        init(
            _ name: String, _ bytes: [UInt8], masked: Bool? = nil, mayBeCompressed: Bool = true, _ isProven: Bool
        ) {
            self.name = name
            self.bytes = bytes
            self.masked = masked
            self.mayBeCompressed = mayBeCompressed
            self.isProven = isProven
        }
    }

    private static let deflated = Deflater().message(WebSocketBytes.noise(400).map { $0 & 0x3F })

    static let proofs: [Proof] = [
        Proof("nothing", [], false),
        Proof("a ping", Bytes.text("2"), true),
        Proof("a masked pong", Bytes.text("3", key: Bytes.key), true),
        Proof("a masked pong where no mask is used", Bytes.text("3", key: Bytes.key), masked: false, false),
        Proof("another digit", Bytes.text("9"), false),
        Proof("an event", event, true),
        Proof("two events", event + event, true),
        Proof("a plain text", Bytes.text("{\"kind\":\"tick\"}"), true),
        Proof("an event in 16 bits", Bytes.frame(1, Array("42[\"tick\",1]".utf8), form: .bits16), false),
        Proof("an event with half a header behind it", event + [0x81], true),
        Proof("a text that is no UTF-8", Bytes.frame(1, [0x34, 0x32, 0xC3, 0x28] + Array("abcdefgh".utf8)), false),
        Proof("a text of zeros", Bytes.frame(1, [UInt8](repeating: 0, count: 40)), false),
        Proof("the beginning of a text", Array(Bytes.text(String(repeating: "ä", count: 400)).prefix(121)), true),
        Proof(
            "a fragment that ends inside a character", Bytes.frame(1, Array("42[\"tick ".utf8) + [0xC3], fin: false),
            true),
        Proof("a short binary message", Bytes.frame(2, Bytes.noise(9)), false),
        Proof("a long binary message", Bytes.frame(2, Bytes.noise(300)), true),
        Proof("two short binary messages", Bytes.frame(2, Bytes.noise(9)) + Bytes.frame(2, Bytes.noise(5)), false),
        Proof(
            "three short binary messages",
            Bytes.frame(2, Bytes.noise(9)) + Bytes.frame(2, Bytes.noise(5)) + Bytes.frame(2, Bytes.noise(7)), true),
        Proof("a deflated message", Bytes.frame(1, deflated, rsv: 4), true),
        Proof(
            "a deflated message where deflate was not agreed", Bytes.frame(1, deflated, rsv: 4), mayBeCompressed: false,
            false),
        Proof("the beginning of a deflated message", Array(Bytes.frame(1, deflated, rsv: 4).prefix(200)), false),
        Proof("a deflated continuation", Bytes.frame(0, deflated, rsv: 4), false),
        Proof("a close", Bytes.frame(8, [3, 0xE8]), false),
        Proof("an event and a close", event + Bytes.frame(8, [3, 0xE8]), true),
        Proof("a reserved opcode", event + Bytes.frame(3, []), false),
        Proof("reserved bits", event + Bytes.text("42[\"tick\",1]", rsv: 2), false),
        Proof("a control frame in fragments", event + Bytes.frame(9, [], fin: false), false),
        Proof("a control frame of 126 bytes", event + Bytes.frame(9, Bytes.noise(126)), false),
        Proof(
            "fragments", Bytes.text("42[\"ti", fin: false) + Bytes.frame(9, []) + Bytes.frame(0, Array("ck\",1]".utf8)),
            true),
        Proof("the rest of a message and an event", Bytes.frame(0, Array("ck\",1]".utf8)) + event, true),
        Proof("a continuation behind a whole message", event + Bytes.frame(0, Array("ck\",1]".utf8)), false),
        Proof("a new message within one", Bytes.text("42[\"ti", fin: false) + event, false),
        Proof("an invalid length", event + event + [0x82, 0x7F] + [UInt8](repeating: 0xFF, count: 8), false),
    ]

    private static func isProven(_ bytes: [UInt8], masked: Bool? = nil, mayBeCompressed: Bool = true) -> Bool {
        WebSocketBoundary.isProven(bytes.span, masked: masked, mayBeCompressed: mayBeCompressed)
    }

    @Test("proves a boundary", arguments: proofs)
    func proof(_ proof: Proof) {
        let isProven = Self.isProven(proof.bytes, masked: proof.masked, mayBeCompressed: proof.mayBeCompressed)
        #expect(isProven == proof.isProven)
    }

    @Test("a segment of one byte over and over proves nothing", arguments: [3, 16, 1448])
    func uniform(_ count: Int) {
        for byte in [0x00, 0x01, 0x02, 0x20, 0x30, 0x7F, 0x80, 0x81, 0xFF] as [UInt8] {
            let bytes = [UInt8](repeating: byte, count: count)
            #expect(!Self.isProven(bytes), "\(byte)")
        }
    }

    @Test("200 000 random segments prove nothing", arguments: [2...12, 2...64, 50...250, 100...1448])
    func random(_ lengths: ClosedRange<Int>) {
        var random = SeededRandom(seed: UInt64(lengths.upperBound))
        var accepted = 0
        for _ in 0..<50_000 {
            var bytes = [UInt8](repeating: 0, count: Int.random(in: lengths, using: &random))
            // Little of a long one is read; the rest may stay.
            for index in 0..<min(bytes.count, 160) where index % 8 == 0 {
                let word = random.next()
                for shift in 0..<min(8, bytes.count - index) {
                    bytes[index + shift] = UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))
                }
            }
            for index in stride(from: 160, to: bytes.count, by: 1) { bytes[index] = bytes[index - 160] ^ 0x5A }
            if Self.isProven(bytes) { accepted += 1 }
        }
        #expect(accepted == 0)
    }
}
