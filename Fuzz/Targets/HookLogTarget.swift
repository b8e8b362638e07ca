import Decoding
import HookLog
import TimelineModel

/// A hook log: JSON lines that clients' own hooks write.
enum HookLogTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let whole = try self.decode(bytes, [0..<bytes.count])
        let cut = try self.decode(bytes, random.cuts(bytes.count))
        try cut.requireEqual(to: whole, "fed in pieces")
        _ = try self.decode(bytes, [0..<bytes.count], DecodedCapture.tightLimits)
        try self.roundTrip(bytes)
    }

    private static func decode(
        _ bytes: Span<UInt8>, _ cuts: [Range<Int>], _ limits: DecodingLimits = DecodingLimits()
    ) throws -> DecodedCapture {
        try DecodedCapture(HookLogDecoder(CaptureFacts(kind: .hook, source: "fuzz"), limits: limits), bytes, cuts)
    }

    /// A line that can be read is written as a line that says the same.
    private static func roundTrip(_ bytes: Span<UInt8>) throws {
        guard let line = try? HookLine(bytes) else { return }
        var text = ""
        line.write(to: &text)
        let read = try? HookLine(Array(text.utf8.dropLast(text.hasSuffix("\n") ? 1 : 0)).span)
        try require(read == line, "\(line)\nis written as\n\(text)\nand read as\n\(String(describing: read))")
    }
}
