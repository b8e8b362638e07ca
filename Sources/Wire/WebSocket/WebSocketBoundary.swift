/// Proves that a frame begins at the start of a segment, where nothing before it is known.
///
/// A segment passes when it is a chain of plausible frames that ends exactly at its end, or whose last frame is cut by
/// the end of the segment. Plausible: a known opcode, no reserved bits (RSV1 where it may mean deflate), the expected
/// mask bit, the shortest length form, control frames whole and short, fragments in their order, text that is UTF-8.
/// All that random bytes would rarely get right is counted in bits; `neededBits` of them are a proof.
public enum WebSocketBoundary {
    /// Of millions of random segments one passes. The shortest thing that must pass, for an idle session shows nothing
    /// else, is a heartbeat alone in its segment.
    static let neededBits = 24

    /// - Parameters:
    ///   - masked: the mask bit of the frames so far; nil where none is known.
    ///   - mayBeCompressed: RSV1 may mean deflate.
    public static func isProven(_ bytes: Span<UInt8>, masked: Bool?, mayBeCompressed: Bool) -> Bool {
        var offset = 0
        var bits = 0
        var masked = masked
        // Whether a message is under way; nil where that is not known, as at the start.
        var isInMessage: Bool?
        while offset < bytes.count {
            let header: WebSocketFrameHeader
            switch WebSocketFrameHeader.parse(bytes, at: offset) {
            case .header(let whole): header = whole
            case .needs: return bits >= self.neededBits  // cut by the segment's end
            case .invalidLength: return false
            }
            guard self.isPlausible(header, masked, mayBeCompressed) else { return false }
            if !header.isControl {
                if let isInMessage, isInMessage != (header.opcode == .continuation) { return false }
                isInMessage = !header.fin
            }
            let start = offset + header.headerBytes
            let isWhole = header.payloadBytes <= bytes.count - start
            offset = isWhole ? start + header.payloadBytes : bytes.count
            // Zeros, as they fill many a binary message, read as empty fragments.
            if header.payloadBytes > 0 || header.isControl { bits += self.bits(of: header) + (masked == nil ? 0 : 1) }
            masked = header.maskKey != nil
            if header.opcode == .text, !header.rsv1 {
                guard let more = self.bits(ofText: bytes, start..<offset, header, isWhole: isWhole) else {
                    return false
                }
                bits += more
            }
            if !isWhole { return bits >= self.neededBits && offset - start >= 16 }
            // That the last frame ends where the segment does is as unlikely as its length is long.
            if offset == bytes.count {
                bits += header.payloadBytes <= 125 ? 7 : header.payloadBytes <= 0xFFFF ? 23 : 60
            }
        }
        return bits >= self.neededBits
    }

    private static func isPlausible(_ header: WebSocketFrameHeader, _ masked: Bool?, _ mayBeCompressed: Bool) -> Bool {
        guard let opcode = header.opcode, header.rsv & 3 == 0, header.isLengthMinimal else { return false }
        if let masked, masked != (header.maskKey != nil) { return false }
        if header.isControl { return header.fin && header.payloadBytes <= 125 && header.rsv == 0 }
        return !header.rsv1 || (mayBeCompressed && opcode != .continuation)
    }

    /// How rare a first byte like this is: of 256 one begins such a text, six a binary or deflated message.
    private static func bits(of header: WebSocketFrameHeader) -> Int {
        if header.isControl { return 6 }
        return header.rsv1 || header.opcode == .binary ? 5 : 8
    }

    /// Of random bytes about half go on as UTF-8; nil where these do not.
    private static func bits(
        ofText bytes: Span<UInt8>, _ range: Range<Int>, _ header: WebSocketFrameHeader, isWhole: Bool
    ) -> Int? {
        var text = bytes.array(range)
        if let key = header.maskKey { unmask(&text, from: 0, key: key) }
        guard self.isUTF8(text, cut: !isWhole || !header.fin), !text.contains(0) else { return nil }
        // The type digit of an Engine.IO packet; a heartbeat is no more than that.
        guard let first = text.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "6") else { return text.count }
        let isHeartbeat = text.count == 1 && (first == UInt8(ascii: "2") || first == UInt8(ascii: "3"))
        return text.count + (isHeartbeat ? 8 : 4)
    }

    /// Whether the text is UTF-8; with `cut`, whether it begins as UTF-8.
    private static func isUTF8(_ text: [UInt8], cut: Bool) -> Bool {
        if String(validating: text, as: UTF8.self) != nil { return true }
        guard cut else { return false }
        // At most three bytes of a character can be cut off.
        for missing in 1...3 where text.count >= missing {
            if String(validating: text.dropLast(missing), as: UTF8.self) != nil { return true }
        }
        return false
    }
}
