import CZlib

/// zlib's deflate, for test data.
final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: as zlib takes them: 9...15 with zlib's header, the same negative without, 16 more for gzip.
    init(windowBits: Int32 = -15) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        precondition(sioscope_deflate_init(self.stream, 9, windowBits) == Z_OK)
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    func deflate(_ bytes: [UInt8], flush: Int32 = Z_SYNC_FLUSH) -> [UInt8] {
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        var input = bytes
        input.withUnsafeMutableBufferPointer { input in
            self.stream.pointee.next_in = input.baseAddress
            self.stream.pointee.avail_in = UInt32(input.count)
            repeat {
                piece.withUnsafeMutableBufferPointer { piece in
                    self.stream.pointee.next_out = piece.baseAddress
                    self.stream.pointee.avail_out = UInt32(piece.count)
                    _ = CZlib.deflate(self.stream, flush)
                    output += piece[..<(piece.count - Int(self.stream.pointee.avail_out))]
                }
            } while self.stream.pointee.avail_out == 0
        }
        return output
    }

    /// One message as permessage-deflate sends it: without the last four bytes. Source: RFC 7692, section 7.2.1.
    func message(_ bytes: [UInt8]) -> [UInt8] { self.deflate(bytes).dropLast(4) }

    func message(_ text: String) -> [UInt8] { self.message(Array(text.utf8)) }

    func reset() { deflateReset(self.stream) }

    /// All of it, to the end of the format.
    static func whole(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
        Deflater(windowBits: windowBits).deflate(bytes, flush: Z_FINISH)
    }
}
