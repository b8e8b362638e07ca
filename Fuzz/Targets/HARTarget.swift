import Decoding
import TimelineModel

/// A HAR file.
enum HARTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let whole = try self.decode(bytes, [0..<bytes.count])
        let cut = try self.decode(bytes, random.cuts(bytes.count))
        try cut.requireEqual(to: whole, "fed in pieces")
        _ = try self.decode(bytes, [0..<bytes.count], DecodedCapture.tightLimits)
    }

    private static func decode(
        _ bytes: Span<UInt8>, _ cuts: [Range<Int>], _ limits: DecodingLimits = DecodingLimits()
    ) throws -> DecodedCapture {
        try DecodedCapture(HARDecoder(CaptureFacts(kind: .har, source: "fuzz"), limits: limits), bytes, cuts)
    }
}
