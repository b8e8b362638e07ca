/// The opcodes that RFC 6455, section 11.8, gives a meaning.
public enum WebSocketOpcode: UInt8, Hashable, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
}

/// The header of one frame. Source: RFC 6455, section 5.2.
public struct WebSocketFrameHeader: Hashable, Sendable {
    public var fin: Bool
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    public var rsv: UInt8
    /// The four bits as they are; see `opcode`.
    public var rawOpcode: UInt8
    /// The masking key as its four bytes stand, first byte highest; nil for a frame that is not masked.
    public var maskKey: UInt32?
    public var payloadBytes: Int
    public var headerBytes: Int

    /// Nil for a reserved opcode.
    public var opcode: WebSocketOpcode? { WebSocketOpcode(rawValue: self.rawOpcode) }
    public var isControl: Bool { self.rawOpcode & 8 != 0 }
    public var rsv1: Bool { self.rsv & 4 != 0 }
    public var totalBytes: Int { self.headerBytes + self.payloadBytes }

    public enum ParseResult: Hashable, Sendable {
        case header(WebSocketFrameHeader)
        /// This many bytes are needed to read on.
        case needs(Int)
        /// A length with its highest bit set, or one that no machine could hold.
        case invalidLength
    }

    /// Reads the header that begins at `offset`.
    public static func parse(_ bytes: Span<UInt8>, at offset: Int) -> ParseResult {
        let available = bytes.count - offset
        guard available >= 2 else { return .needs(2) }
        let first = bytes[offset]
        let second = bytes[offset + 1]
        let isMasked = second & 0x80 != 0
        let extended = second & 0x7F == 126 ? 2 : second & 0x7F == 127 ? 8 : 0
        let headerBytes = 2 + extended + (isMasked ? 4 : 0)
        guard available >= headerBytes else { return .needs(headerBytes) }
        let length: Int
        switch extended {
        case 0: length = Int(second & 0x7F)
        case 2: length = Int(bytes.network16(at: offset + 2))
        default:
            // A quarter of the range: sums of lengths stay far from overflow.
            guard let value = Int(exactly: bytes.network64(at: offset + 2)), value < Int.max / 4 else {
                return .invalidLength
            }
            length = value
        }
        return .header(
            WebSocketFrameHeader(
                fin: first & 0x80 != 0, rsv: first >> 4 & 7, rawOpcode: first & 0x0F,
                maskKey: isMasked ? bytes.network32(at: offset + 2 + extended) : nil,
                payloadBytes: length, headerBytes: headerBytes))
    }

    /// The shortest form of the length was used, as section 5.2 asks.
    public var isLengthMinimal: Bool {
        let extended = self.headerBytes - (self.maskKey == nil ? 2 : 6)
        return extended == 0 || (extended == 2 ? self.payloadBytes > 125 : self.payloadBytes > 0xFFFF)
    }
}

/// Removes the mask of RFC 6455, section 5.3, in place.
func unmask(_ bytes: inout [UInt8], from start: Int, key: UInt32) {
    bytes.withUnsafeMutableBytes { raw in
        var offset = start
        let word = UInt64(key.bigEndian)
        let wide = word | word << 32
        while offset + 8 <= raw.count {
            let value = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ wide
            raw.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        var index = 0
        while offset < raw.count {
            raw[offset] ^= UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * (index & 3)))
            offset += 1
            index += 1
        }
    }
}
