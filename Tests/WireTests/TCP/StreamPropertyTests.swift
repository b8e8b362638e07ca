import Testing
import TimelineModel
import Wire

@Suite("TCP stream, at random")
struct StreamPropertyTests {
    /// A stream with the places where it is cut into segments.
    private struct Segments {
        var bytes: [UInt8]
        var pieces: [Range<Int>] = []

        init(_ random: inout SeededRandom) {
            self.bytes = (0..<Int.random(in: 1...600, using: &random)).map { _ in
                UInt8.random(in: 0x21...0x7E, using: &random)
            }
            var at = 0
            while at < self.bytes.count {
                let count = min(Int.random(in: 1...40, using: &random), self.bytes.count - at)
                self.pieces.append(at..<at + count)
                at += count
            }
        }
    }

    /// Places of a stream: the byte, or nil where it is said to be missing.
    private static func places(_ output: [StreamOutput]) -> [UInt8?] {
        output.flatMap { event -> [UInt8?] in
            switch event {
            case .text(let text, _), .retransmitted(let text, _): Array(text.utf8)
            case .gap(let count, _): [UInt8?](repeating: nil, count: count)
            case .fin: []
            }
        }
    }

    @Test("any order, doubling and overlap gives the stream", arguments: 0..<400)
    func whole(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let segments = Segments(&random)
        var sent = segments.pieces
        for piece in segments.pieces where Int.random(in: 0..<3, using: &random) == 0 {
            // Sent again, with more or less around it.
            let from = max(0, piece.lowerBound - Int.random(in: 0...60, using: &random))
            let to = min(segments.bytes.count, piece.upperBound + Int.random(in: 0...60, using: &random))
            sent.append(from..<to)
        }
        sent.shuffle(using: &random)
        var run = StreamRun(initial: UInt32.random(in: 0 ... .max, using: &random))
        run.take(.syn())
        for (index, range) in sent.enumerated() {
            let isLast = range.upperBound == segments.bytes.count
            run.receive(
                range.lowerBound, Array(segments.bytes[range]), Double(index), nil, isLast ? [.ack, .fin] : .ack)
        }
        #expect(Self.places(run.output) == segments.bytes.map { $0 })
        #expect(run.output.filter { if case .fin = $0 { true } else { false } }.count == 1)
        #expect(run.state.missingBytes == 0)
        #expect(run.state.heldSince == nil)
    }

    @Test("what is lost is counted, and only that", arguments: 0..<400)
    func lossy(_ seed: UInt64) {
        var random = SeededRandom(seed: seed &+ 1_000_000)
        let segments = Segments(&random)
        var sent: [(range: Range<Int>, captured: Int)] = []
        for piece in segments.pieces where Int.random(in: 0..<5, using: &random) != 0 {
            let isCut = Int.random(in: 0..<10, using: &random) == 0
            sent.append((piece, isCut ? Int.random(in: 0...piece.count, using: &random) : piece.count))
        }
        // Neighbours change places; each piece is there once at most, so it is known what is missing.
        for index in sent.indices.dropLast() where Bool.random(using: &random) { sent.swapAt(index, index + 1) }
        var expected = [UInt8?](repeating: nil, count: segments.bytes.count)
        for (range, captured) in sent {
            for place in range.prefix(captured) { expected[place] = segments.bytes[place] }
        }
        var run = StreamRun(initial: UInt32.random(in: 0 ... .max, using: &random))
        run.take(.syn())
        for (range, captured) in sent {
            run.receive(range.lowerBound, Array(segments.bytes[range].prefix(captured)), 0, range.count, .ack)
        }
        run.receive(segments.bytes.count, [], 1, nil, [.ack, .fin])
        run.finish()
        #expect(Self.places(run.output) == expected)
        #expect(run.output.last == .fin(at: 1))
        #expect(run.state.missingBytes == Int64(expected.count { $0 == nil }))
        #expect(run.state.position == Int64(segments.bytes.count))
    }

    @Test("what is held stays within the limit", arguments: 0..<4)
    func limit(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var run = StreamRun(initial: 7, limitBytes: 8_000)
        run.take(.syn())
        // Every other byte is lost: each one that comes is a piece of its own, 513 bytes with what it costs.
        for index in 0..<2_000 {
            run.receive(index * 2 + 1, [UInt8.random(in: 0x21...0x7E, using: &random)], 0, nil, .ack)
        }
        let given = run.output.filter { if case .text = $0 { true } else { false } }.count
        #expect(given >= 2_000 - 8_000 / 513 - 1)
        run.finish()
        #expect(run.state.missingBytes == 2_000)
        #expect(run.state.position == 4_000)
    }
}
