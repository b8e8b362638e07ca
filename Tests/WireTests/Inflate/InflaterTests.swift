import Testing
import Wire

@Suite("Inflate")
struct InflaterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let format: Inflater.Format
        let input: [UInt8]
        var limit = 1 << 20
        let expected: [UInt8]
        var error: InflateError?
        var isAtEnd = true
        var testDescription: String { self.name }
    }

    private static let text = Array(String(repeating: "42[\"tick\",{\"n\":1}] ", count: 500).utf8)
    private static let gzip = Deflater.whole(text, windowBits: 31)
    private static let zlib = Deflater.whole(text, windowBits: 15)
    private static let raw = Deflater.whole(text, windowBits: -15)

    /// The same text again, which is nothing but a reference to the first.
    private static let second: [UInt8] = {
        let deflater = Deflater()
        _ = deflater.deflate(text)
        return deflater.deflate(text)
    }()

    static let cases: [Case] = [
        Case(name: "gzip", format: .gzip, input: gzip, expected: text),
        Case(name: "gzip, two members", format: .gzip, input: gzip + gzip, expected: text + text),
        Case(name: "gzip, cut off", format: .gzip, input: gzip.dropLast(9), expected: text, isAtEnd: false),
        Case(
            name: "gzip, second member cut off", format: .gzip, input: gzip + gzip.prefix(12), expected: text,
            isAtEnd: false),
        Case(name: "zlib", format: .zlib, input: zlib, expected: text),
        Case(
            name: "zlib with a window of 512", format: .zlib, input: Deflater.whole(text, windowBits: 9), expected: text
        ),
        Case(name: "raw", format: .raw, input: raw, expected: text),
        Case(name: "raw, two streams", format: .raw, input: raw + raw, expected: text + text),
        Case(name: "nothing", format: .gzip, input: [], expected: [], isAtEnd: false),
        Case(name: "just the limit", format: .gzip, input: gzip, limit: text.count, expected: text),
        Case(
            name: "one byte over the limit", format: .gzip, input: gzip, limit: text.count - 1, expected: [],
            error: .tooLarge(limitBytes: text.count - 1)),
        Case(
            name: "a bomb", format: .gzip, input: Deflater.whole([UInt8](repeating: 0, count: 8 << 20), windowBits: 31),
            expected: [], error: .tooLarge(limitBytes: 1 << 20)),
        Case(
            name: "text", format: .gzip, input: Array("hello".utf8), expected: [],
            error: .corrupt("incorrect header check"),
            isAtEnd: false),
        Case(
            name: "a wrong checksum", format: .gzip, input: gzip.dropLast(8) + [1, 2, 3, 4] + gzip.suffix(4),
            expected: text,
            error: .corrupt("incorrect data check"), isAtEnd: false),
        Case(
            name: "refers to bytes that are not there", format: .raw, input: second, expected: [],
            error: .corrupt("invalid distance too far back"), isAtEnd: false),
    ]

    @Test("gives", arguments: cases)
    func gives(_ inflateCase: Case) {
        let outcome = ChunkVerifier.verify(inflateCase.input) { chunks -> [String] in
            let inflater = Inflater(inflateCase.format)
            var output: [UInt8] = []
            var failure: InflateError?
            do throws(InflateError) {
                for chunk in chunks { try inflater.inflate(chunk.span, into: &output, limit: inflateCase.limit) }
            } catch {
                failure = error
            }
            guard let failure else { return ["\(output.hashValue) of \(output.count)", "at end: \(inflater.isAtEnd)"] }
            return [failure.description]
        }
        let expected =
            inflateCase.error.map { [$0.description] } ?? [
                "\(inflateCase.expected.hashValue) of \(inflateCase.expected.count)", "at end: \(inflateCase.isAtEnd)",
            ]
        #expect(outcome == expected)
    }

    /// What stands behind the gzip data, whether gzip's own data is whole there, and the bytes that are counted.
    static let trailers: [(name: String, bytes: [UInt8], isWhole: Bool, count: Int)] = [
        ("nothing", [], true, 0),
        ("padding", [UInt8](repeating: 0, count: 600), true, 0),
        ("other bytes", Array("junk".utf8) + [0, 0x1F, 0x8B], true, 6),
        ("another member", gzip, true, 0),
        ("a member that is cut off", Array(gzip.prefix(12)), false, 0),
    ]

    @Test("passes over what stands behind the last member, where it is told to", arguments: trailers)
    func trailer(_ trailer: (name: String, bytes: [UInt8], isWhole: Bool, count: Int)) {
        let expected = Self.text + (trailer.bytes == Self.gzip ? Self.text : [])
        let outcome = ChunkVerifier.verify(Self.gzip + trailer.bytes) { chunks -> [String] in
            let inflater = Inflater(.gzip, passesOverTrailer: true)
            var output: [UInt8] = []
            do throws(InflateError) {
                for chunk in chunks { try inflater.inflate(chunk.span, into: &output, limit: 1 << 20) }
            } catch {
                return [error.description]
            }
            return ["\(output == expected)", "\(inflater.isAtEnd)", "\(inflater.trailingBytes)"]
        }
        #expect(outcome == ["true", "\(trailer.isWhole)", "\(trailer.count)"])
    }

    @Test("forgets its window when it is reset")
    func reset() throws {
        let deflater = Deflater()
        let first = deflater.deflate(Self.text)
        let second = deflater.deflate(Self.text)
        let inflater = Inflater(.raw)
        var output: [UInt8] = []
        try inflater.inflate(first.span, into: &output, limit: 1 << 20)
        try inflater.inflate(second.span, into: &output, limit: 1 << 20)
        #expect(output == Self.text + Self.text)
        inflater.reset()
        #expect(throws: InflateError.self) { try inflater.inflate(second.span, into: &output, limit: 1 << 20) }
    }

    @Test("stops where the output is not wanted")
    func stops() throws {
        var pieces = 0
        try Inflater(.gzip).inflate(Deflater.whole([UInt8](repeating: 7, count: 1 << 20), windowBits: 31).span) { _ in
            pieces += 1
            return pieces < 3
        }
        #expect(pieces == 3)
    }
}
