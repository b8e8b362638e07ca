import CZlib
import Testing
import TimelineModel
import Wire

/// What an assembler said.
enum MessageOutput: Equatable, Sendable {
    case message(WebSocketOpcode, [UInt8], wire: Int, flags: FrameFlags = [])
    /// A message that is not whole.
    case lost(WebSocketOpcode, WebSocketMessage.Loss, wire: Int, flags: FrameFlags = [])
    case anomaly(String, String)

    static func text(_ text: String, wire: Int, flags: FrameFlags = []) -> MessageOutput {
        .message(.text, Array(text.utf8), wire: wire, flags: flags)
    }
}

/// Frame decoder and assembler, one behind the other.
struct MessageRun {
    private var frames: WebSocketFrameDecoder
    private var messages: WebSocketMessageAssembler
    private var output: [MessageOutput] = []
    private var position: Int64 = 0

    init(_ compression: Compression, limitBytes: Int, isLost: Bool = false) {
        self.frames = WebSocketFrameDecoder(
            isLost: isLost, mayBeCompressed: compression != .none, limitBytes: limitBytes, sender: .client)
        self.messages = WebSocketMessageAssembler(compression, limitBytes: limitBytes, sender: .client)
    }

    mutating func take(_ input: FrameInput) {
        var output: [MessageOutput] = []
        var messages = self.messages
        func pass(_ frame: WebSocketFrame, _ payload: Span<UInt8>) {
            messages.receive(frame, payload) { message, bytes in
                let (opcode, wire, flags) = (message.opcode, message.wireBytes, message.flags)
                output.append(
                    message.loss.map { .lost(opcode, $0, wire: wire, flags: flags) }
                        ?? .message(opcode, bytes.array(0..<bytes.count), wire: wire, flags: flags))
            }
        }
        switch input {
        case .bytes(let bytes, let isRetransmitted):
            let facts = ChunkFacts(at: .zero, isRetransmitted: isRetransmitted, offset: self.position)
            self.position += Int64(bytes.count)
            self.frames.feed(bytes.span, facts, pass)
        case .gap(let count):
            self.position += Int64(count)
            self.frames.gap(count, at: .zero, pass)
            if self.frames.isLost { messages.lose() }
        }
        self.messages = messages
        self.output += output
    }

    /// Messages first, then what was wrong.
    mutating func finish() -> [MessageOutput] {
        self.frames.finish(at: .zero)
        return self.output
            + (self.frames.anomalies + self.messages.anomalies).map { .anomaly($0.code.text, $0.detail) }
    }
}

@Suite("WebSocket messages")
struct WebSocketMessageTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var compression = Compression.none
        var limitBytes = 1 << 20
        let bytes: [[UInt8]]
        let expected: [MessageOutput]
        var testDescription: String { self.name }
    }

    private typealias Bytes = WebSocketBytes
    private static let takeover = Compression.deflate(noContextTakeover: false)
    private static let noTakeover = Compression.deflate(noContextTakeover: true)
    private static let event = "42[\"tick\",{\"n\":1,\"text\":\"the quick brown fox jumps over the lazy dog\"}]"

    private static func text(_ text: String, fin: Bool = true) -> [UInt8] { Bytes.text(text, fin: fin) }
    private static func more(_ text: String, fin: Bool = true) -> [UInt8] { Bytes.frame(0, Array(text.utf8), fin: fin) }

    static let plain: [Case] = [
        Case(name: "text", bytes: [text("42[]")], expected: [.text("42[]", wire: 6)]),
        Case(name: "an empty text", bytes: [text("")], expected: [.text("", wire: 2)]),
        Case(
            name: "binary, masked", bytes: [Bytes.frame(2, [1, 2, 3], key: Bytes.key)],
            expected: [.message(.binary, [1, 2, 3], wire: 9)]),
        Case(
            name: "control frames",
            bytes: [Bytes.frame(9, [1]), Bytes.frame(10, [1], key: Bytes.key), Bytes.frame(8, [3, 0xE8])],
            expected: [
                .message(.ping, [1], wire: 3), .message(.pong, [1], wire: 7), .message(.close, [3, 0xE8], wire: 4),
            ]),
        Case(
            name: "fragments", bytes: [text("42[\"me", fin: false), more("ssa", fin: false), more("ge\"]")],
            expected: [.text("42[\"message\"]", wire: 19, flags: .fragmented)]),
        Case(
            name: "fragments with control frames between",
            bytes: [
                text("4", fin: false), Bytes.frame(9, []), more("2", fin: false), Bytes.frame(10, [7]), more("[]"),
            ],
            expected: [
                .message(.ping, [], wire: 2), .message(.pong, [7], wire: 3),
                .text("42[]", wire: 10, flags: .fragmented),
            ]),
        Case(
            name: "empty fragments", bytes: [text("", fin: false), more("", fin: false), more("")],
            expected: [.text("", wire: 6, flags: .fragmented)]),
        Case(
            name: "a character in two fragments", bytes: [Bytes.frame(1, [0xC3], fin: false), Bytes.frame(0, [0xA4])],
            expected: [.text("ä", wire: 6, flags: .fragmented)]),
        Case(
            name: "a message of fragments over the limit", limitBytes: 5,
            bytes: [text("abc", fin: false), more("def", fin: false), more("g"), text("h")],
            expected: [.lost(.text, .overLimit, wire: 13, flags: .fragmented), .text("h", wire: 3)]),
        Case(
            name: "a fragment over the limit", limitBytes: 5,
            bytes: [text("abc", fin: false), more("defghi"), text("h")],
            expected: [
                .lost(.text, .overLimit, wire: 13, flags: .fragmented), .text("h", wire: 3),
                .anomaly(
                    "websocket.frame-over-limit",
                    "a payload of 6 bytes in the frame at offset 5 of the client's stream; expected at most 5, which are kept"
                ),
            ]),
        Case(
            name: "a control frame over the limit", limitBytes: 5, bytes: [Bytes.frame(9, Bytes.noise(6)), text("h")],
            expected: [
                .lost(.ping, .overLimit, wire: 8), .text("h", wire: 3),
                .anomaly(
                    "websocket.frame-over-limit",
                    "a payload of 6 bytes in the frame at offset 0 of the client's stream; expected at most 5, which are kept"
                ),
            ]),
        Case(
            name: "a continuation of nothing", bytes: [more("x"), text("h")],
            expected: [
                .lost(.binary, .gap, wire: 3, flags: .fragmented), .text("h", wire: 3),
                .anomaly(
                    "websocket.orphan-continuation",
                    "a continuation frame at offset 0 of the client's stream, and no message is begun; expected the first frame of one"
                ),
            ]),
        Case(
            name: "a new message before the last one ended", bytes: [text("a", fin: false), text("b"), text("c")],
            expected: [
                .text("b", wire: 3), .text("c", wire: 3),
                .anomaly(
                    "websocket.unfinished-message",
                    "a new message at offset 3 of the client's stream; expected a continuation of that at offset 0"),
            ]),
        Case(
            name: "reserved opcodes", bytes: [Bytes.frame(3, [1]), Bytes.frame(15, []), text("h")],
            expected: [
                .text("h", wire: 3),
                .anomaly(
                    "websocket.reserved-opcode",
                    "opcode 3 at offset 0 of the client's stream; expected 0, 1, 2, 8, 9 or 10"),
                .anomaly(
                    "websocket.reserved-opcode",
                    "opcode 15 at offset 3 of the client's stream; expected 0, 1, 2, 8, 9 or 10"),
            ]),
        Case(
            name: "reserved bits",
            bytes: [Bytes.text("a", rsv: 2), Bytes.text("b", rsv: 4), Bytes.frame(9, [], rsv: 1)],
            expected: [
                .text("a", wire: 3), .text("b", wire: 3), .message(.ping, [], wire: 2), reserved("10", at: 0),
                reserved("100", at: 3),
                reserved("1", at: 6),
            ]),
        Case(
            name: "control frames that are none",
            bytes: [Bytes.frame(9, [1], fin: false), Bytes.frame(8, [UInt8](repeating: 3, count: 126))],
            expected: [
                .message(.ping, [1], wire: 3), .message(.close, [UInt8](repeating: 3, count: 126), wire: 130),
                .anomaly(
                    "websocket.invalid-control-frame",
                    "a control frame of 1 byte without FIN at offset 0 of the client's stream; expected one frame of at most 125"
                ),
                .anomaly(
                    "websocket.invalid-control-frame",
                    "a control frame of 126 bytes at offset 3 of the client's stream; expected one frame of at most 125"
                ),
            ]),
    ]

    private static func reserved(_ bits: String, at offset: Int) -> MessageOutput {
        .anomaly(
            "websocket.reserved-bits",
            "RSV bits \(bits) at offset \(offset) of the client's stream; "
                + "expected 0, for no extension gives them a meaning")
    }

    /// Frames of texts that one deflater wrote, each with RSV1; and what they are when inflated.
    private static func deflated(
        _ name: String, _ texts: [String], windowBits: Int32 = -15, resets: Bool = false, _ compression: Compression
    ) -> Case {
        let deflater = Deflater(windowBits: windowBits)
        let frames = texts.map { text in
            if resets { deflater.reset() }
            return Bytes.frame(1, deflater.message(text), rsv: 4)
        }
        return Case(
            name: name, compression: compression, bytes: frames,
            expected: zip(texts, frames).map { .text($0, wire: $1.count, flags: .compressed) })
    }

    /// Texts such that what repeats does so from near and far.
    private static let texts: [String] = (0..<40).map { index in
        "42[\"tick\",\(String(repeating: String(index % 7, radix: 2), count: 50 + index * 37))]"
    }

    static let inflated: [Case] =
        [
            Case(
                name: "the example of RFC 7692, section 7.2.3.1", compression: takeover,
                bytes: [[0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]],
                expected: [.text("Hello", wire: 9, flags: .compressed)]),
            Case(
                name: "the example in fragments", compression: takeover,
                bytes: [[0x41, 0x03, 0xF2, 0x48, 0xCD], [0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00]],
                expected: [.text("Hello", wire: 11, flags: [.compressed, .fragmented])]),
            Case(
                name: "the example of a shared window, section 7.2.3.2", compression: takeover,
                bytes: [
                    [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
                ],
                expected: [.text("Hello", wire: 9, flags: .compressed), .text("Hello", wire: 7, flags: .compressed)]),
            Case(
                name: "the example without compression, section 7.2.3.3", compression: takeover,
                bytes: [[0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]],
                expected: [.text("Hello", wire: 13, flags: .compressed)]),
            Case(
                name: "the example of a final block, section 7.2.3.4", compression: takeover,
                bytes: [
                    [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
                    [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
                ],
                expected: [.text("Hello", wire: 10, flags: .compressed), .text("Hello", wire: 9, flags: .compressed)]),
            Case(
                name: "a final block and nothing behind it", compression: takeover,
                bytes: [
                    [0xC1, 0x07, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
                    [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
                ],
                expected: [.text("Hello", wire: 9, flags: .compressed), .text("Hello", wire: 9, flags: .compressed)]),
            Case(
                name: "the example of two blocks, section 7.2.3.5", compression: takeover,
                bytes: [[0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]],
                expected: [.text("Hello", wire: 15, flags: .compressed)]),
            Case(
                name: "an empty message", compression: takeover,
                bytes: [[0xC1, 0x01, 0x00], [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]],
                expected: [.text("", wire: 3, flags: .compressed), .text("Hello", wire: 9, flags: .compressed)]),
            Case(
                name: "an empty message without any deflate data", compression: takeover,
                bytes: [[0xC1, 0x00], [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]],
                expected: [.text("", wire: 2, flags: .compressed), .text("Hello", wire: 9, flags: .compressed)]),
            Case(
                name: "messages that are not deflated between those that are", compression: takeover,
                bytes: [
                    [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], text("2"),
                    [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00],
                ],
                expected: [
                    .text("Hello", wire: 9, flags: .compressed), .text("2", wire: 3),
                    .text("Hello", wire: 7, flags: .compressed),
                ]),
            Case(
                name: "a control frame between deflated fragments, and RSV1 where it has no meaning",
                compression: takeover,
                bytes: [
                    [0x41, 0x03, 0xF2, 0x48, 0xCD], [0x89, 0x00], [0xC0, 0x04, 0xC9, 0xC9, 0x07, 0x00], [0xC9, 0x00],
                ],
                expected: [
                    .message(.ping, [], wire: 2), .text("Hello", wire: 11, flags: [.compressed, .fragmented]),
                    .message(.ping, [], wire: 2), reserved("100", at: 7), reserved("100", at: 13),
                ]),
            deflated("context takeover", texts, takeover),
            deflated("no context takeover", texts, resets: true, noTakeover),
            deflated("no context takeover by a sender who promised nothing", texts, resets: true, takeover),
        ] + (9...15).map { deflated("a window of \($0) bits", texts, windowBits: -$0, takeover) } + [
            // zlib writes no raw stream with a window of 256: texts that are shorter refer no further.
            deflated("a window of 8 bits", texts.filter { $0.utf8.count < 256 }, windowBits: -9, resets: true, takeover)
        ]

    private static let bomb = Deflater().message([UInt8](repeating: 0x61, count: 4 << 20))

    private static func pair(_ first: String, _ second: String) -> [[UInt8]] {
        let deflater = Deflater()
        return [first, second].map { Bytes.frame(1, deflater.message($0), rsv: 4) }
    }

    static let broken: [Case] = [
        Case(
            name: "a bomb", compression: noTakeover, limitBytes: 10_000,
            bytes: [Bytes.frame(1, bomb, rsv: 4), pair(event, event)[0]],
            expected: [
                .lost(.text, .overLimit, wire: bomb.count + 4, flags: .compressed),
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .anomaly(
                    "websocket.inflate-over-limit",
                    "too many bytes, once inflated, in the message at offset 0 of the client's stream; expected at most 10000, which are kept"
                ),
            ]),
        Case(
            name: "a bomb in fragments", compression: takeover, limitBytes: 10_000,
            bytes: [
                Bytes.frame(1, Array(bomb.prefix(1000)), fin: false, rsv: 4),
                Bytes.frame(0, Array(bomb.dropFirst(1000))),
            ],
            expected: [
                .lost(.text, .overLimit, wire: bomb.count + 8, flags: [.compressed, .fragmented]),
                .anomaly(
                    "websocket.inflate-over-limit",
                    "too many bytes, once inflated, in the message at offset 0 of the client's stream; expected at most 10000, which are kept"
                ),
            ]),
        Case(
            name: "no deflate data", compression: noTakeover,
            bytes: [Bytes.text("hello", rsv: 4), pair(event, event)[0]],
            expected: [
                .lost(.text, .corrupt, wire: 7, flags: .compressed),
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .anomaly(
                    "websocket.deflate-error",
                    "deflate data that is corrupt (invalid stored block lengths) in the message at offset 0 of the client's stream; expected what RFC 7692 asks for"
                ),
            ]),
        Case(
            name: "behind corrupt data the window is not known", compression: takeover,
            bytes: [
                pair(event, event)[0], Bytes.text("hello", rsv: 4), pair(event, event)[1], pair(event, event)[0],
                pair(event, event)[1],
            ],
            expected: [
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .lost(.text, .corrupt, wire: 7, flags: .compressed),
                .lost(.text, .unknownContext, wire: pair(event, event)[1].count, flags: .compressed),
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .text(event, wire: pair(event, event)[1].count, flags: .compressed),
                .anomaly(
                    "websocket.deflate-error",
                    "deflate data that is corrupt (invalid stored block lengths) in the message at offset 72 of the client's stream; expected what RFC 7692 asks for"
                ),
            ]),
        Case(
            name: "joined mid-stream: what refers back is not readable, what does not is", compression: .unknown,
            bytes: [pair(event, event)[1], pair(event, event)[0], pair(event, event)[1], text("2")],
            expected: [
                .lost(.text, .unknownContext, wire: pair(event, event)[1].count, flags: .compressed),
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .text(event, wire: pair(event, event)[1].count, flags: .compressed), .text("2", wire: 3),
            ]),
        Case(
            name: "joined mid-stream in a fragmented message", compression: .unknown,
            bytes: [more("x", fin: false), more("y"), text("2")],
            expected: [.lost(.binary, .gap, wire: 6, flags: .fragmented), .text("2", wire: 3)]),
        Case(
            name: "a deflated message that never ended takes the window with it", compression: takeover,
            bytes: [pair(event, event)[0], [0x41, 0x03, 0xF2, 0x48, 0xCD], pair(event, event)[1]],
            expected: [
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .lost(.text, .unknownContext, wire: pair(event, event)[1].count, flags: .compressed),
                .anomaly(
                    "websocket.unfinished-message",
                    "a new message at offset 77 of the client's stream; expected a continuation of that at offset 72"),
            ]),
    ]

    @Test("at any cuts", arguments: [plain, inflated, broken].flatMap { $0 })
    func messages(_ messageCase: Case) {
        let output = ChunkVerifier.verify(messageCase.bytes.flatMap { $0 }, rounds: 6) { chunks in
            var run = MessageRun(messageCase.compression, limitBytes: messageCase.limitBytes)
            for chunk in chunks { run.take(.bytes(chunk)) }
            return run.finish()
        }
        #expect(output == messageCase.expected)
    }

    struct GapCase: CustomTestStringConvertible, Sendable {
        let name: String
        var compression = Compression.none
        let input: [FrameInput]
        let expected: [MessageOutput]
        var testDescription: String { self.name }
    }

    static let gaps: [GapCase] = [
        GapCase(
            name: "in a message", input: [.bytes([0x81, 10, 0x34]), .gap(9), .bytes(text("2"))],
            expected: [.lost(.text, .gap, wire: 12), .text("2", wire: 3, flags: .afterGap)]),
        GapCase(
            name: "in a fragment",
            input: [.bytes(text("4", fin: false) + [0x80, 5, 0x32]), .gap(4), .bytes(text("2"))],
            expected: [.lost(.text, .gap, wire: 10, flags: .fragmented), .text("2", wire: 3, flags: .afterGap)]),
        GapCase(
            name: "between fragments: the rest of the message is no news",
            input: [
                .bytes(text("42[\"tick\",", fin: false)), .gap(9), .bytes(more("x") + text(event)), .bytes(text("2")),
            ],
            expected: [
                .lost(.text, .gap, wire: 15, flags: [.fragmented, .afterGap]), .text(event, wire: event.utf8.count + 2),
                .text("2", wire: 3),
            ]),
        GapCase(
            name: "the final fragment: a new message is no fault",
            input: [.bytes(text("4", fin: false)), .gap(9), .bytes(text(event))],
            expected: [.text(event, wire: event.utf8.count + 2, flags: .afterGap)]),
        GapCase(
            name: "the first fragments", input: [.bytes(text("2")), .gap(9), .bytes(more("x") + text(event))],
            expected: [
                .text("2", wire: 3), .lost(.binary, .gap, wire: 3, flags: [.fragmented, .afterGap]),
                .text(event, wire: event.utf8.count + 2),
            ]),
        GapCase(
            name: "in a deflated message: the window is not known", compression: takeover,
            input: [
                .bytes(pair(event, event)[0]), .bytes(Array(pair(event, event)[1].prefix(3))),
                .gap(pair(event, event)[1].count - 3), .bytes(pair(event, event)[1]), .bytes(pair(event, event)[0]),
                .bytes(text("2")),
            ],
            expected: [
                .text(event, wire: pair(event, event)[0].count, flags: .compressed),
                .lost(.text, .gap, wire: pair(event, event)[1].count),
                .lost(.text, .unknownContext, wire: pair(event, event)[1].count, flags: [.compressed, .afterGap]),
                .text(event, wire: pair(event, event)[0].count, flags: .compressed), .text("2", wire: 3),
            ]),
        GapCase(
            name: "in a message that is not deflated: the window stays", compression: takeover,
            input: [.bytes(pair(event, event)[0]), .bytes([0x81, 4, 1]), .gap(3), .bytes(pair(event, event)[1])],
            expected: [
                .text(event, wire: pair(event, event)[0].count, flags: .compressed), .lost(.text, .gap, wire: 6),
                .text(event, wire: pair(event, event)[1].count, flags: [.compressed, .afterGap]),
            ]),
        GapCase(
            name: "in a deflated message without takeover: the next is whole", compression: noTakeover,
            input: [
                .bytes(Array(pair(event, event)[0].prefix(3))), .gap(pair(event, event)[0].count - 3),
                .bytes(pair(event, event)[0]),
            ],
            expected: [
                .lost(.text, .gap, wire: pair(event, event)[0].count),
                .text(event, wire: pair(event, event)[0].count, flags: [.compressed, .afterGap]),
            ]),
    ]

    @Test("around a gap", arguments: gaps)
    func gap(_ gapCase: GapCase) {
        var run = MessageRun(gapCase.compression, limitBytes: 1 << 20)
        for input in gapCase.input { run.take(input) }
        #expect(run.finish() == gapCase.expected)
    }

    struct Answer: CustomTestStringConvertible, Sendable {
        let text: String?
        var server: Bool?
        var client: Bool?
        var testDescription: String { self.text ?? "none" }
    }

    @Test(
        "reads what was agreed on",
        arguments: [
            Answer(text: nil), Answer(text: ""), Answer(text: "x-webkit-deflate-frame"),
            Answer(text: "permessage-deflate", server: false, client: false),
            Answer(text: "foo; a=1, permessage-deflate;server_no_context_takeover", server: true, client: false),
            Answer(
                text: "Permessage-Deflate; client_no_context_takeover ; server_max_window_bits=12", server: false,
                client: true),
            Answer(
                text: "permessage-deflate; server_no_context_takeover; client_no_context_takeover", server: true,
                client: true),
        ])
    func agreed(_ answer: Answer) {
        let deflate = PerMessageDeflate(answer: answer.text)
        #expect(deflate?.serverNoContextTakeover == answer.server)
        #expect(deflate?.clientNoContextTakeover == answer.client)
    }
}
