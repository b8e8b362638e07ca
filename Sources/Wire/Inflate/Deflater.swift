import CZlib

/// zlib's deflate for the messages of permessage-deflate. A class, for zlib keeps pointers into its state.
///
/// Source: RFC 7692, section 7.2.1.
public final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: 9 to 15; zlib makes no raw stream with 8. Others are clamped.
    public init(windowBits: Int32 = 15) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        let status = sioscope_deflate_init(self.stream, Z_DEFAULT_COMPRESSION, -min(15, max(9, windowBits)))
        precondition(status == Z_OK, "zlib could not start: out of memory")
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// Forgets the window: what comes next refers to nothing before it.
    public func reset() { deflateReset(self.stream) }

    /// The payload of a message, without the four bytes that end each flush.
    public func message(_ input: Span<UInt8>) -> [UInt8] {
        // Without input zlib flushes nothing a second time: the empty message is one empty block.
        guard input.count > 0 else { return [0] }
        var output: [UInt8] = []
        input.withUnsafeBufferPointer { bytes in
            self.stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            self.stream.pointee.avail_in = UInt32(clamping: bytes.count)
            repeat {
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 << 10) { scratch in
                    self.stream.pointee.next_out = scratch.baseAddress
                    self.stream.pointee.avail_out = UInt32(scratch.count)
                    deflate(self.stream, Z_SYNC_FLUSH)
                    output.append(contentsOf: scratch[..<(scratch.count - Int(self.stream.pointee.avail_out))])
                }
            } while self.stream.pointee.avail_out == 0
        }
        output.removeLast(min(4, output.count))
        return output
    }
}
