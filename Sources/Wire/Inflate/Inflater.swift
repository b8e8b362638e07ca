import CZlib

/// Why deflated bytes could not be inflated.
public enum InflateError: Error, Equatable, CustomStringConvertible {
    /// zlib's own words.
    case corrupt(String)
    /// More output than the limit allows: what a bomb does.
    case tooLarge(limitBytes: Int)

    public var description: String { self.text(at: "") }

    /// - Parameter place: where the data is, behind a space.
    func text(at place: String) -> String {
        switch self {
        case .corrupt(let reason): "deflate data that is corrupt (\(reason))\(place); expected what RFC 1951 asks for"
        case .tooLarge(let limit): "more bytes when inflated\(place); expected at most \(limit), which are kept"
        }
    }
}

/// zlib's inflate as a push decoder, with its output bounded. A class, for zlib keeps pointers into its state.
public final class Inflater {
    public enum Format: Hashable, Sendable {
        /// RFC 1951, without header: permessage-deflate, and the `deflate` of some old servers.
        case raw
        /// RFC 1950.
        case zlib
        /// RFC 1952; members that follow each other are read as one.
        case gzip

        /// 15 is the largest window; it reads what was written with any smaller one.
        var windowBits: Int32 {
            switch self {
            case .raw: -15
            case .zlib: 15
            case .gzip: 15 + 16
            }
        }
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutableBufferPointer<UInt8>
    private let format: Format
    private let passesOverTrailer: Bool
    /// What stands behind the last gzip member is no member.
    private var isBehindLast = false
    /// Bytes there that are not zero: tape drives and some copying tools pad with zeros.
    public private(set) var trailingBytes = 0
    /// The last bytes ended a deflate stream (or gzip member), and none has begun since.
    public private(set) var isAtEnd = false

    /// - Parameter passesOverTrailer: what follows a gzip member and is no other one is counted, not read, as gzip
    ///   itself does.
    public init(_ format: Format, passesOverTrailer: Bool = false) {
        self.format = format
        self.passesOverTrailer = passesOverTrailer
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        self.scratch = .allocate(capacity: 32 << 10)
        let status = sioscope_inflate_init(self.stream, format.windowBits)
        precondition(status == Z_OK, "zlib could not start: out of memory")
    }

    deinit {
        inflateEnd(self.stream)
        self.stream.deallocate()
        self.scratch.deallocate()
    }

    /// All input so far ended where a block may begin, and at the end of a byte: zlib's word for it in `data_type`.
    var isAtBlockStart: Bool { self.stream.pointee.data_type & 0xBF == 128 }

    /// Takes `window` for what came before. To be called before the first input.
    func assume(_ window: Span<UInt8>) {
        window.withUnsafeBufferPointer { bytes in
            _ = inflateSetDictionary(self.stream, bytes.baseAddress, UInt32(clamping: bytes.count))
        }
    }

    /// Forgets all that came before, the window too.
    public func reset() {
        inflateReset(self.stream)
        self.isAtEnd = false
        self.isBehindLast = false
        self.trailingBytes = 0
    }

    /// Inflates all of `input` and hands the output out in pieces; stops where `output` returns false.
    ///
    /// A stream that ends inside the input is followed by another, as permessage-deflate (BFINAL) and gzip allow.
    public func inflate(_ input: Span<UInt8>, _ output: (UnsafeBufferPointer<UInt8>) -> Bool) throws(InflateError) {
        var failure: InflateError?
        input.withUnsafeBufferPointer { bytes in
            self.stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            self.stream.pointee.avail_in = UInt32(clamping: bytes.count)
            repeat {
                if self.isTrailer(in: bytes) {
                    let rest = bytes.suffix(Int(self.stream.pointee.avail_in))
                    self.trailingBytes += rest.count { $0 != 0 }
                    return
                }
                self.stream.pointee.next_out = self.scratch.baseAddress
                self.stream.pointee.avail_out = UInt32(self.scratch.count)
                let status = CZlib.inflate(self.stream, Z_SYNC_FLUSH)
                let made = self.scratch.count - Int(self.stream.pointee.avail_out)
                if made > 0 {
                    self.isAtEnd = false
                    guard output(UnsafeBufferPointer(rebasing: self.scratch[..<made])) else { return }
                }
                switch status {
                case Z_STREAM_END:
                    inflateReset(self.stream)
                    self.isAtEnd = true
                case Z_OK: self.isAtEnd = false
                case Z_BUF_ERROR: return  // nothing left to do with what there is
                default:
                    failure = .corrupt(self.stream.pointee.msg.map { String(cString: $0) } ?? "status \(status)")
                    return
                }
            } while self.stream.pointee.avail_in > 0 || self.stream.pointee.avail_out == 0
        }
        if let failure { throw failure }
    }

    /// Whether what is left of the input is no gzip member, where one has ended.
    private func isTrailer(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard self.passesOverTrailer, self.isAtEnd else { return false }
        let left = Int(self.stream.pointee.avail_in)
        // A member begins with 1F 8B: the first of them tells it from padding and nearly all else.
        if left > 0, bytes[bytes.count - left] != 0x1F { self.isBehindLast = true }
        return self.isBehindLast
    }

    /// Appends what `input` inflates to, as long as `out` stays within `limit` bytes.
    public func inflate(_ input: Span<UInt8>, into out: inout [UInt8], limit: Int) throws(InflateError) {
        var exceeded = false
        try self.inflate(input) { piece in
            guard piece.count <= limit - out.count else {
                exceeded = true
                return false
            }
            out.append(contentsOf: piece)
            return true
        }
        if exceeded { throw .tooLarge(limitBytes: limit) }
    }
}
