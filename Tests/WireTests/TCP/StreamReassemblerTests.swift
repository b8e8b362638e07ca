import Testing
import TimelineModel
import Wire

struct StreamCase: CustomTestStringConvertible, Sendable {
    let name: String
    var limitBytes = 1 << 20
    let steps: [StreamStep]
    let expected: [StreamOutput]
    /// What is held is handed out at the end.
    var finishes = false
    var retransmitted: Int64 = 0
    var testDescription: String { self.name }
}

@Suite("TCP stream")
struct StreamReassemblerTests {
    static let begin: [StreamCase] = [
        StreamCase(
            name: "handshake", steps: [.syn(), .data(0, "ab"), .data(2, "c")], expected: [.text("ab"), .text("c")]),
        StreamCase(name: "mid-stream", steps: [.data(0, "ab"), .data(2, "c")], expected: [.text("ab"), .text("c")]),
        StreamCase(
            name: "data on the SYN", steps: [.syn("ab"), .data(2, "c")], expected: [.text("ab"), .text("c")]),
        StreamCase(
            name: "data on the SYN, sent again for it was not taken",
            steps: [.syn("ab"), .data(0, "ab"), .data(2, "c")],
            expected: [.text("ab"), .text("c")]),
        StreamCase(
            name: "the SYN twice", steps: [.syn(), .syn(at: 1), .data(0, "a", at: 2)], expected: [.text("a", at: 2)]),
        StreamCase(
            name: "first byte lost behind the SYN", steps: [.syn(), .data(1, "b"), .data(0, "a", at: 1)],
            expected: [.text("a", at: 1), .text("b", at: 1)]),
        StreamCase(
            name: "mid-stream with a keep-alive before the first byte", steps: [.data(-1, ""), .data(0, "ab")],
            expected: [.text("ab")]),
        StreamCase(
            name: "mid-stream with a bare ACK", steps: [.data(0, ""), .data(0, "ab")], expected: [.text("ab")]),
        StreamCase(name: "mid-stream with a FIN alone", steps: [.data(0, "", flags: .fin)], expected: [.fin()]),
        StreamCase(name: "a RST alone", steps: [.data(0, "", flags: .rst)], expected: [], finishes: true),
    ]

    static let order: [StreamCase] = [
        StreamCase(
            name: "two swapped", steps: [.syn(), .data(2, "cd"), .data(0, "ab", at: 1), .data(4, "e", at: 2)],
            expected: [.text("ab", at: 1), .text("cd", at: 1), .text("e", at: 2)]),
        StreamCase(
            name: "three backwards", steps: [.syn(), .data(2, "c"), .data(1, "b"), .data(0, "a")],
            expected: [.text("a"), .text("b"), .text("c")]),
        StreamCase(
            name: "a hole is filled after its retransmission timer: all behind it came to the receiver then",
            steps: [.syn(), .data(1, "b", at: 5), .data(2, "c", at: 6), .data(0, "a", at: 250)],
            expected: [.retransmitted("a", at: 250), .text("b", at: 250), .text("c", at: 250)], retransmitted: 1),
        StreamCase(
            name: "a hole is filled before any timer, and the receiver did not ask: only the order was another",
            steps: [.syn(), .data(1, "b", at: 5), .acked(0, at: 6), .acked(0, at: 7), .data(0, "a", at: 60)],
            expected: [.text("a", at: 60), .text("b", at: 60)]),
        StreamCase(
            name: "a hole is filled before any timer, and the receiver asked three times",
            steps: [
                .syn(), .data(1, "b", at: 5), .acked(0, at: 6), .acked(0, at: 7), .acked(0, at: 8),
                .data(0, "a", at: 60),
            ], expected: [.retransmitted("a", at: 60), .text("b", at: 60)], retransmitted: 1),
        StreamCase(
            name: "what the receiver asked for before counts for no later hole",
            steps: [
                .syn(), .data(1, "b", at: 5), .acked(0, at: 6), .acked(0, at: 7), .acked(0, at: 8),
                .data(0, "a", at: 8), .data(3, "d", at: 10), .data(2, "c", at: 60),
            ],
            expected: [.text("a", at: 8), .text("b", at: 8), .text("c", at: 60), .text("d", at: 60)]),
        StreamCase(
            name: "a hole is filled in two parts",
            steps: [.syn(), .data(4, "ef"), .data(0, "ab", at: 1), .data(2, "cd", at: 2)],
            expected: [.text("ab", at: 1), .text("cd", at: 2), .text("ef", at: 2)]),
        StreamCase(
            name: "two holes", steps: [.syn(), .data(1, "b"), .data(3, "d"), .data(2, "c"), .data(0, "a")],
            expected: [.text("a"), .text("b"), .text("c"), .text("d")]),
    ]

    static let again: [StreamCase] = [
        StreamCase(
            name: "the same bytes", steps: [.data(0, "abc"), .data(0, "abc", at: 200), .data(3, "d", at: 201)],
            expected: [.text("abc"), .text("d", at: 201)], retransmitted: 1),
        StreamCase(
            name: "other bytes: the first win",
            steps: [.data(0, "abc"), .data(0, "xyz", at: 200), .data(3, "d", at: 201)],
            expected: [.text("abc"), .text("d", at: 201)], retransmitted: 1),
        StreamCase(
            name: "other bytes for held ones: the first win",
            steps: [.syn(), .data(1, "bc"), .data(1, "yz"), .data(0, "a")], expected: [.text("a"), .text("bc")]),
        StreamCase(
            name: "other bytes for held ones, with the hole's own: the first win",
            steps: [.syn(), .data(1, "bc"), .data(0, "ayz"), .data(3, "d")],
            expected: [.text("ayz"), .text("d")]),
        StreamCase(
            name: "each packet twice, as one device and all devices see it",
            steps: [
                .syn(), .syn(at: 0.01), .data(0, "ab", at: 1), .data(0, "ab", at: 1.01), .data(2, "c", at: 2),
                .data(2, "c", at: 2.01), .data(3, "", at: 3, flags: .fin), .data(3, "", at: 3.01, flags: .fin),
            ], expected: [.text("ab", at: 1), .text("c", at: 2), .fin(at: 3)]),
        StreamCase(
            name: "a keep-alive without a byte",
            steps: [.data(0, "ab"), .data(1, "", at: 9_000), .data(2, "c", at: 9_001)],
            expected: [.text("ab"), .text("c", at: 9_001)]),
        StreamCase(
            name: "a keep-alive with one garbage byte",
            steps: [.data(0, "ab"), .data(1, "\0", at: 9_000), .data(2, "c", at: 9_001)],
            expected: [.text("ab"), .text("c", at: 9_001)]),
    ]

    /// The stream is "abcdefgh"; what is known covers part of it, then a segment comes that overlaps in one shape.
    static let overlaps: [StreamCase] = [
        StreamCase(
            name: "over the end of what was given", steps: [.data(0, "abcd"), .data(2, "XXef", at: 1)],
            expected: [.text("abcd"), .text("ef", at: 1)], retransmitted: 1),
        StreamCase(
            name: "inside of what was given", steps: [.data(0, "abcd"), .data(1, "XX")], expected: [.text("abcd")]),
        StreamCase(
            name: "over the start of a held one", steps: [.syn(), .data(4, "ef"), .data(2, "cdXX"), .data(0, "ab")],
            expected: [.text("ab"), .text("cd"), .text("ef")]),
        StreamCase(
            name: "over the end of a held one", steps: [.syn(), .data(2, "cd"), .data(3, "Xef"), .data(0, "ab")],
            expected: [.text("ab"), .text("cd"), .text("ef")]),
        StreamCase(
            name: "around a held one", steps: [.syn(), .data(3, "de"), .data(2, "cXXf"), .data(0, "ab")],
            expected: [.text("ab"), .text("c"), .text("de"), .text("f")]),
        StreamCase(
            name: "inside a held one", steps: [.syn(), .data(1, "bcde"), .data(2, "XX"), .data(0, "a")],
            expected: [.text("a"), .text("bcde")]),
        StreamCase(
            name: "around two held ones with a hole between",
            steps: [.syn(), .data(2, "c"), .data(4, "e"), .data(1, "bXdXf"), .data(0, "a")],
            expected: [.text("a"), .text("b"), .text("c"), .text("d"), .text("e"), .text("f")]),
        StreamCase(
            name: "from what was given into held ones",
            steps: [.syn(), .data(0, "ab"), .data(3, "d"), .data(1, "XcYe", at: 1)],
            expected: [.text("ab"), .text("cYe", at: 1)], retransmitted: 1),
        StreamCase(
            name: "touching on both sides",
            steps: [.syn(), .data(2, "c"), .data(4, "e"), .data(3, "d"), .data(0, "ab")],
            expected: [.text("ab"), .text("c"), .text("d"), .text("e")]),
    ]

    static let ends: [StreamCase] = [
        StreamCase(
            name: "FIN with data", steps: [.data(0, "ab"), .data(2, "c", at: 1, flags: .fin)],
            expected: [.text("ab"), .text("c", at: 1), .fin(at: 1)]),
        StreamCase(
            name: "FIN out of order", steps: [.syn(), .data(2, "", at: 1, flags: .fin), .data(0, "ab", at: 2)],
            expected: [.text("ab", at: 2), .fin(at: 2)]),
        StreamCase(
            name: "FIN with data out of order",
            steps: [.syn(), .data(2, "c", at: 1, flags: .fin), .data(0, "ab", at: 2)],
            expected: [.text("ab", at: 2), .text("c", at: 2), .fin(at: 2)]),
        StreamCase(
            name: "data behind the FIN is no part of the stream",
            steps: [.data(0, "ab", flags: .fin), .data(2, "x"), .data(9, "y")], expected: [.text("ab"), .fin()],
            finishes: true),
        StreamCase(
            name: "held data behind a FIN that comes late",
            steps: [.syn(), .data(0, "a"), .data(3, "x"), .data(1, "b", at: 1, flags: .fin)],
            expected: [.text("a"), .text("b", at: 1), .fin(at: 1)], finishes: true),
        StreamCase(
            name: "the end is lost and the FIN is there", steps: [.data(0, "ab"), .data(5, "", at: 3, flags: .fin)],
            expected: [.text("ab"), .gap(3, at: 3), .fin(at: 3)], finishes: true),
        StreamCase(
            name: "the end is lost, the FIN is there and is acknowledged",
            steps: [.data(0, "ab"), .data(5, "", at: 3, flags: .fin), .acked(6, at: 4), .acked(6, at: 24)],
            expected: [.text("ab"), .gap(3, at: 3), .fin(at: 3)]),
        StreamCase(
            name: "a gap before the FIN does not move its time",
            steps: [.data(0, "a"), .data(2, "c", at: 1), .data(3, "", at: 7, flags: .fin)],
            expected: [.text("a"), .gap(1, at: 1), .text("c", at: 1), .fin(at: 7)], finishes: true),
        StreamCase(
            name: "a remark on a RST is no data", steps: [.data(0, "ab"), .data(2, "No tcp socket", flags: .rst)],
            expected: [.text("ab")], finishes: true),
    ]

    static let loss: [StreamCase] = [
        StreamCase(
            name: "at the end of the input", steps: [.data(0, "ab"), .data(7, "h", at: 1), .data(8, "i", at: 2)],
            expected: [.text("ab"), .gap(5, at: 1), .text("h", at: 1), .text("i", at: 2)], finishes: true),
        StreamCase(
            name: "nothing is given up while a retransmission may come",
            steps: [.data(0, "ab"), .data(7, "h", at: 1), .data(8, "i", at: 119_000)], expected: [.text("ab")]),
        StreamCase(
            name: "acknowledged, 3 s later; bytes behind the gap keep their times",
            steps: [
                .data(0, "ab"), .data(4, "ef", at: 1), .acked(6, at: 2), .data(6, "g", at: 3001),
                .data(7, "h", at: 3002),
            ],
            expected: [.text("ab"), .gap(2, at: 1), .text("ef", at: 1), .text("g", at: 3001), .text("h", at: 3002)]),
        StreamCase(
            name: "acknowledged, and a capture out of order gives the bytes later: they were there by then",
            steps: [.data(0, "ab"), .data(4, "ef", at: 1), .acked(6, at: 2), .data(2, "cd", at: 2900)],
            expected: [.text("ab"), .text("cd", at: 1.999999), .text("ef", at: 1.999999)]),
        StreamCase(
            name: "an acknowledgement of what is before the hole declares nothing",
            steps: [.data(0, "ab"), .data(4, "ef", at: 1), .acked(2, at: 2), .acked(2, at: 9000)],
            expected: [.text("ab")]),
        StreamCase(
            name: "two holes, both acknowledged",
            steps: [.data(0, "a"), .data(2, "c", at: 1), .data(5, "f", at: 2), .acked(6, at: 3), .acked(6, at: 3003)],
            expected: [.text("a"), .gap(1, at: 1), .text("c", at: 1), .gap(2, at: 2), .text("f", at: 2)]),
        StreamCase(
            name: "two holes, one acknowledged",
            steps: [.data(0, "a"), .data(2, "c", at: 1), .data(5, "f", at: 2), .acked(3, at: 3), .acked(3, at: 3003)],
            expected: [.text("a"), .gap(1, at: 1), .text("c", at: 1)]),
        StreamCase(
            name: "too much is held", limitBytes: 3 * 514,
            steps: [.data(0, "a"), .data(2, "cd"), .data(4, "ef"), .data(6, "gh"), .data(8, "ij")],
            expected: [.text("a"), .gap(1), .text("cd"), .text("ef"), .text("gh"), .text("ij")]),
        StreamCase(
            name: "held too long", steps: [.data(0, "a"), .data(2, "c", at: 1), .data(3, "d", at: 120_001)],
            expected: [.text("a"), .gap(1, at: 1), .text("c", at: 1), .text("d", at: 120_001)]),
        StreamCase(
            name: "the missing bytes come after all: they were counted as missing",
            steps: [.data(0, "a"), .data(2, "c"), .acked(3, at: 1), .acked(3, at: 3001), .data(1, "b", at: 3002)],
            expected: [.text("a"), .gap(1), .text("c")]),
        StreamCase(
            name: "acknowledged bytes that were never seen",
            steps: [.data(0, "ab"), .acked(9, at: 1)], expected: [.text("ab"), .gap(7, at: 1)], finishes: true),
        StreamCase(
            name: "one acknowledged number may be that of a FIN",
            steps: [.data(0, "ab"), .acked(3, at: 1)], expected: [.text("ab")], finishes: true),
        StreamCase(
            name: "an acknowledgement beyond every window is none",
            steps: [.data(0, "ab"), .acked(0x4000_0003, at: 1)],
            expected: [.text("ab")], finishes: true),
    ]

    static let cut: [StreamCase] = [
        StreamCase(
            name: "in order", steps: [.data(0, "ab", length: 5), .data(5, "f", at: 1)],
            expected: [.text("ab"), .gap(3), .text("f", at: 1)]),
        StreamCase(
            name: "all of it cut off", steps: [.data(0, "ab"), .data(2, "", at: 1, length: 3), .data(5, "f", at: 2)],
            expected: [.text("ab"), .gap(3, at: 1), .text("f", at: 2)]),
        StreamCase(
            name: "held", steps: [.syn(), .data(2, "c", length: 3), .data(0, "ab", at: 1), .data(5, "f", at: 2)],
            expected: [.text("ab", at: 1), .text("c", at: 1), .gap(2, at: 1), .text("f", at: 2)]),
        StreamCase(
            name: "held, and overlapped by one that is whole",
            steps: [.syn(), .data(1, "b", length: 2), .data(2, "cdef"), .data(0, "a", at: 1)],
            expected: [.text("a", at: 1), .text("b", at: 1), .gap(1, at: 1), .text("def", at: 1)]),
        StreamCase(
            name: "cut where it overlaps what was given", steps: [.data(0, "abcd"), .data(2, "c", at: 1, length: 4)],
            expected: [.text("abcd"), .gap(2, at: 1)], retransmitted: 1),
        StreamCase(
            name: "with a FIN", steps: [.data(0, "ab", length: 5, flags: .fin)],
            expected: [.text("ab"), .gap(3), .fin()]),
    ]

    /// Sequence numbers far from their end, and such that wrap at each of the first bytes.
    static let initials: [UInt32] = [1000, 0, 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFC, 0x7FFF_FFFE]

    @Test(
        "the sender's clock tells what was sent again from what only came late",
        arguments: [
            (UInt32.max, 1, true, 10), (5, 4, false, 10), (5, 4, false, 5_000), (5, 5, false, 10), (5, 6, true, 10),
        ] as [(UInt32, UInt32, Bool, Int64)])
    func clock(_ behind: UInt32, _ filling: UInt32, _ isRetransmitted: Bool, _ milliseconds: Int64) {
        var stream = StreamReassembler(limitBytes: 1 << 20)
        var flags: [Bool] = []
        func receive(_ sequence: UInt32, _ text: String, _ flag: TCPFlags, _ at: Int64, _ value: UInt32) {
            let bytes = Array(text.utf8)
            let segment = Segment(
                at: Timestamp(nanoseconds: at * 1_000_000), source: StreamRun.client, destination: StreamRun.server,
                sequence: sequence, flags: flag, payloadLength: bytes.count, timestampValue: value)
            stream.receive(segment, bytes.span) { event, _ in
                if case .bytes(let facts) = event { flags.append(facts.isRetransmitted) }
            }
        }
        receive(99, "", .syn, 0, 0)
        receive(101, "b", .ack, 1, behind)
        receive(100, "a", .ack, 1 + milliseconds, filling)
        #expect(flags == [isRetransmitted, false])
        #expect(stream.retransmittedSegments == (isRetransmitted ? 1 : 0))
    }

    @Test(
        "gives", arguments: [begin, order, again, overlaps, ends, loss, cut].flatMap { $0 }, initials)
    func gives(_ streamCase: StreamCase, _ initial: UInt32) {
        var run = StreamRun(initial: initial, limitBytes: streamCase.limitBytes)
        for step in streamCase.steps { run.take(step) }
        if streamCase.finishes { run.finish() }
        #expect(run.output == streamCase.expected)
        #expect(run.state.retransmittedSegments == streamCase.retransmitted)
        let missing = streamCase.expected.reduce(into: 0) { if case .gap(let count, _) = $1 { $0 += count } }
        #expect(run.state.missingBytes == Int64(missing))
        let bytes = streamCase.expected.reduce(into: 0) { count, output in
            switch output {
            case .text(let text, _), .retransmitted(let text, _): count += text.utf8.count
            case .gap, .fin: break
            }
        }
        #expect(run.state.position == Int64(bytes + missing))
    }

    @Test("says since when it holds bytes")
    func heldSince() {
        var run = StreamRun(initial: 1)
        run.take(.syn())
        #expect(run.state.heldSince == nil)
        run.take(.data(4, "e", at: 3))
        run.take(.data(2, "c", at: 5))
        #expect(run.state.heldSince == StreamRun.time(3))
        run.take(.data(0, "ab", at: 6))
        #expect(run.state.heldSince == StreamRun.time(3))
        run.take(.data(3, "d", at: 7))
        #expect(run.state.heldSince == nil)
        run.take(.data(6, "g", at: 8))
        run.finish()
        #expect(run.state.heldSince == nil)
    }

    @Test("says since when bytes are acknowledged that it has not seen, for as long as they may come")
    func unseenSince() {
        var run = StreamRun(initial: 1)
        run.take(.syn())
        run.take(.acked(1, at: 1))
        #expect(run.state.heldSince == nil)
        run.take(.acked(4, at: 2))
        run.take(.acked(5, at: 3))
        #expect(run.state.heldSince == StreamRun.time(1))
        run.take(.data(0, "ab", at: 4))
        #expect(run.state.heldSince == StreamRun.time(1))
        run.take(.data(2, "cde", at: 5))
        #expect(run.state.heldSince == nil)
        run.take(.acked(9, at: 6))
        #expect(run.state.heldSince == StreamRun.time(6))
        run.take(.acked(9, at: 3_006))
        #expect(run.state.heldSince == nil)
    }

    @Test("knows whether it saw the beginning")
    func midStream() {
        var run = StreamRun(initial: 1)
        run.take(.data(0, "a"))
        #expect(run.state.isMidStream)
        run = StreamRun(initial: 1)
        run.take(.syn())
        #expect(!run.state.isMidStream)
    }
}
