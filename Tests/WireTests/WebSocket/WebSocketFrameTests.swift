import Testing
import TimelineModel
import Wire

/// What a frame decoder said.
enum FrameOutput: Equatable, Sendable {
    /// Opcode, payload, and what is not usual about it.
    case frame(UInt8, [UInt8], fin: Bool = true, rsv: UInt8 = 0, masked: Bool = false, flags: FrameFlags = [])
    /// A frame whose payload is not there.
    case lost(UInt8, length: Int, flags: FrameFlags = [])
    case anomaly(String, String)
    case undecoded(Int)
}

/// Bytes, or bytes that are missing.
enum FrameInput: Sendable {
    case bytes([UInt8], isRetransmitted: Bool = false)
    case gap(Int)
}

struct FrameRun {
    private var decoder: WebSocketFrameDecoder
    private(set) var output: [FrameOutput] = []
    private var position: Int64 = 0

    init(isLost: Bool = false, limitBytes: Int = 100_000) {
        self.decoder = WebSocketFrameDecoder(
            isLost: isLost, mayBeCompressed: true, limitBytes: limitBytes, sender: .server)
    }

    mutating func take(_ input: FrameInput) {
        var output: [FrameOutput] = []
        switch input {
        case .bytes(let bytes, let isRetransmitted):
            let facts = ChunkFacts(at: .zero, isRetransmitted: isRetransmitted, offset: self.position)
            self.position += Int64(bytes.count)
            self.decoder.feed(bytes.span, facts) { output.append(Self.output($0, $1)) }
        case .gap(let count):
            self.position += Int64(count)
            self.decoder.gap(count, at: .zero) { output.append(Self.output($0, $1)) }
        }
        self.output += output
    }

    /// All that was said: frames first, then anomalies, then how much was not decoded.
    mutating func finish() -> [FrameOutput] {
        self.decoder.finish(at: .zero)
        let undecoded = self.decoder.undecodedBytes
        return self.output + self.decoder.anomalies.map { .anomaly($0.code.text, $0.detail) }
            + (undecoded > 0 ? [.undecoded(undecoded)] : [])
    }

    private static func output(_ frame: WebSocketFrame, _ payload: Span<UInt8>) -> FrameOutput {
        let header = frame.header
        guard frame.isWhole else { return .lost(header.rawOpcode, length: header.payloadBytes, flags: frame.flags) }
        return .frame(
            header.rawOpcode, payload.array(0..<payload.count), fin: header.fin, rsv: header.rsv,
            masked: header.maskKey != nil, flags: frame.flags)
    }
}

@Suite("WebSocket frames")
struct WebSocketFrameTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let expected: [FrameOutput]
        var testDescription: String { self.name }

        init(_ name: String, _ bytes: [UInt8], _ expected: [FrameOutput]) {
            self.name = name
            self.bytes = bytes
            self.expected = expected
        }
    }

    private typealias Bytes = WebSocketBytes
    private static let hello = Array("Hello".utf8)
    private static let ping: FrameOutput = .frame(1, [0x32])

    /// The examples of RFC 6455, section 5.7, byte for byte.
    static let examples: [Case] = [
        Case("unmasked text", [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [.frame(1, hello)]),
        Case(
            "masked text", [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            [.frame(1, hello, masked: true)]),
        Case(
            "fragments", [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F],
            [.frame(1, Array("Hel".utf8), fin: false), .frame(0, Array("lo".utf8))]),
        Case("ping", [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [.frame(9, hello)]),
        Case(
            "masked pong", [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            [.frame(10, hello, masked: true)]),
        Case("close", [0x88, 0x02, 0x03, 0xF1], [.frame(8, [0x03, 0xF1])]),
        Case("empty close", [0x88, 0x00], [.frame(8, [])]),
    ]

    static let opcodes: [Case] = (0...15).flatMap { (opcode: UInt8) in
        [nil, Bytes.key].map { (key: [UInt8]?) in
            Case(
                "opcode \(opcode)\(key == nil ? "" : ", masked")",
                Bytes.frame(opcode, hello, key: key) + Bytes.text("2"),
                [.frame(opcode, hello, masked: key != nil), ping])
        }
    }

    static let lengths: [Case] = [0, 1, 125, 126, 127, 65_535, 65_536, 70_001].flatMap { (count: Int) in
        [nil, Bytes.key].map { (key: [UInt8]?) in
            let payload = Bytes.noise(count)
            return Case(
                "\(count) bytes\(key == nil ? "" : ", masked")", Bytes.frame(2, payload, key: key) + Bytes.text("2"),
                [.frame(2, payload, masked: key != nil), ping])
        }
    }

    static let oddities: [Case] = [
        Case("nothing", [], []),
        Case("5 in 16 bits", Bytes.frame(1, hello, form: .bits16) + Bytes.text("2"), [.frame(1, hello), ping]),
        Case("5 in 64 bits", Bytes.frame(1, hello, form: .bits64) + Bytes.text("2"), [.frame(1, hello), ping]),
        Case(
            "5 in 64 bits, masked", Bytes.frame(1, hello, key: Bytes.key, form: .bits64),
            [.frame(1, hello, masked: true)]),
        Case("300 in 64 bits", Bytes.frame(2, Bytes.noise(300), form: .bits64), [.frame(2, Bytes.noise(300))]),
        Case("reserved bits", Bytes.text("2", rsv: 7) + Bytes.text("2"), [.frame(1, [0x32], rsv: 7), ping]),
        Case("a control frame of 126 bytes", Bytes.frame(9, Bytes.noise(126)), [.frame(9, Bytes.noise(126))]),
        Case("one byte of a header", Bytes.text("2") + [0x81], [ping, .incomplete(1, at: 3), .undecoded(1)]),
        Case("half a header", [0x82, 0xFE, 0x01], [.incomplete(3), .undecoded(3)]),
        Case("half a payload", [0x82, 0x05, 1, 2], [.incomplete(4), .undecoded(4)]),
        Case(
            "a frame over the limit", Bytes.frame(2, Bytes.noise(100_001)) + Bytes.text("2"),
            [.lost(2, length: 100_001), ping, .overLimit(100_001), .undecoded(100_001)]),
        Case(
            "a masked frame over the limit", Bytes.frame(2, Bytes.noise(100_001), key: Bytes.key) + Bytes.text("2"),
            [.lost(2, length: 100_001), ping, .overLimit(100_001), .undecoded(100_001)]),
        Case(
            "a frame over the limit that never ends", [0x82, 0x7F, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3],
            [.overLimit(1 << 32), .undecoded(3)]),
        Case(
            "a length with its highest bit", Bytes.text("2") + [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 1, 9, 9],
            [ping, .invalidLength(at: 3), .undecoded(12)]),
        Case(
            "a masked length of all ones", [0x82] + [UInt8](repeating: 0xFF, count: 20),
            [.invalidLength, .undecoded(21)]),
        Case(
            "an HTTP answer", Bytes.text("2") + Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8),
            [ping, .http("HTTP/1.1 400 Bad Request", at: 3), .undecoded(47)]),
        Case(
            "an HTTP answer that is cut off", Array("HTTP/1.1 40".utf8), [.http("HTTP/1.1 40"), .undecoded(11)]),
        Case("the beginning of an HTTP answer", Array("HTTP/".utf8), [.incomplete(5), .undecoded(5)]),
        Case(
            "an HTTP answer with an endless line", Array("HTTP/1.1 ".utf8) + [UInt8](repeating: 0x61, count: 200),
            [.http("HTTP/1.1 " + String(repeating: "a", count: 71)), .undecoded(209)]),
        Case(
            "H is also a frame", Bytes.frame(8, [0x54], fin: false, rsv: 4) + Bytes.text("2"),
            [.frame(8, [0x54], fin: false, rsv: 4), ping]),
    ]

    @Test("at any cuts", arguments: [examples, opcodes, lengths, oddities].flatMap { $0 })
    func frames(_ frameCase: Case) {
        let output = ChunkVerifier.verify(frameCase.bytes, rounds: frameCase.bytes.count > 10_000 ? 3 : 12) { chunks in
            var run = FrameRun()
            for chunk in chunks { run.take(.bytes(chunk)) }
            return run.finish()
        }
        #expect(output == frameCase.expected)
    }

    @Test("any bytes, at any cuts", arguments: 0..<300)
    func noise(_ seed: UInt64) {
        // Small lengths are common, so that several frames come of it.
        let bytes = Bytes.noise(300, seed: seed).map { $0 & 0x80 == 0 ? $0 & 0x87 : $0 }
        _ = ChunkVerifier.verify(bytes) { chunks in
            var run = FrameRun(limitBytes: 100)
            for chunk in chunks { run.take(.bytes(chunk)) }
            return run.finish()
        }
    }

    @Test("the header says whether its length is in the shortest form")
    func minimal() throws {
        let forms: [(Int, WebSocketBytes.LengthForm, Bool)] = [
            (5, .shortest, true), (5, .bits16, false), (5, .bits64, false), (125, .bits16, false),
            (126, .shortest, true),
            (126, .bits64, false), (65_535, .bits64, false), (65_536, .shortest, true),
        ]
        for (count, form, isMinimal) in forms {
            for key in [nil, Bytes.key] {
                let bytes = Bytes.frame(2, [UInt8](repeating: 0, count: count), key: key, form: form)
                guard case .header(let header) = WebSocketFrameHeader.parse(bytes.span, at: 0) else {
                    Issue.record("no header of \(count)")
                    continue
                }
                #expect(header.isLengthMinimal == isMinimal)
                #expect(header.totalBytes == bytes.count)
            }
        }
    }
}

extension FrameOutput {
    private static func place(_ offset: Int) -> String { "at offset \(offset) of the server's stream" }

    static func incomplete(_ count: Int, at offset: Int = 0) -> FrameOutput {
        .anomaly(
            "websocket.incomplete-frame",
            "the stream ends \(Anomaly.bytes(count)) into the frame \(Self.place(offset)); expected its rest")
    }
    static func overLimit(_ count: Int, at offset: Int = 0) -> FrameOutput {
        .anomaly(
            "websocket.frame-over-limit",
            "a payload of \(count) bytes in the frame \(Self.place(offset)); expected at most 100000, which are kept")
    }
    static var invalidLength: FrameOutput { .invalidLength(at: 0) }
    static func invalidLength(at offset: Int) -> FrameOutput {
        .anomaly(
            "websocket.invalid-length",
            "a length beyond 2^61 in the frame \(Self.place(offset)); expected a smaller one")
    }
    static func http(_ line: String, at offset: Int = 0) -> FrameOutput {
        .anomaly("websocket.http-text", "\(line) \(Self.place(offset)); expected a WebSocket frame")
    }
}
