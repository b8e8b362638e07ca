import Wire

/// A capture file as it is: pcap or pcapng, gzip-compressed or not, through all layers to frames.
enum CaptureFileTarget {
    /// Of what a gzip file inflates to so much is decoded.
    private static let inflatedLimit = 256 << 10

    static func run(_ bytes: Span<UInt8>) throws {
        guard CaptureFormat.sniff(bytes) == .gzip else { return try self.decode(bytes) }
        var inflated: [UInt8] = []
        do throws(InflateError) {
            try Inflater(.gzip).inflate(bytes, into: &inflated, limit: self.inflatedLimit)
        } catch {
            // What came before is decoded, as of a file that was cut off.
        }
        try self.decode(inflated.span)
    }

    private static func decode(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let whole = try DecodedCapture(bytes, [0..<bytes.count])
        let cut = try DecodedCapture(bytes, random.cuts(bytes.count))
        try cut.requireEqual(to: whole, "fed in pieces")
        _ = try DecodedCapture(bytes, [0..<bytes.count], limits: DecodedCapture.tightLimits)
    }
}
