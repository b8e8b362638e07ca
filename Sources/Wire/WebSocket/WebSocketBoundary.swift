/// Proves that a frame begins at the start of a segment, where nothing before it is known.
public enum WebSocketBoundary {
    /// Of millions of random segments one passes. The shortest thing that must pass, for an idle session shows nothing
    /// else, is a heartbeat alone in its segment.
    static let neededBits = 24

    /// Whether the segment alone is a proof; see `WebSocketFrameChain`.
    ///
    /// - Parameters:
    ///   - masked: the mask bit of the frames so far; nil where none is known.
    ///   - mayBeCompressed: RSV1 may mean deflate.
    public static func isProven(_ bytes: Span<UInt8>, masked: Bool?, mayBeCompressed: Bool) -> Bool {
        var chain = WebSocketFrameChain(masked: masked, mayBeCompressed: mayBeCompressed)
        return chain.extend(bytes, from: 0) && chain.bits >= self.neededBits
    }
}

/// Plausible frames, one behind the other from the start of a segment on, over as many segments as there are.
///
/// A segment passes when its frames end exactly at its end, or the last one goes on behind it. Plausible: a known
/// opcode, no reserved bits (RSV1 where it may mean deflate), the expected mask bit, the shortest length form, control
/// frames whole and short, fragments in their order, text that is UTF-8, deflate data that ends where a message does.
/// All that random bytes would rarely get right is counted in bits.
struct WebSocketFrameChain {
    /// How little of random deflate data has the shape of a message.
    private static let deflateBits = 12

    /// Of the whole frames; `bits` has those of the cut one too.
    private var wholeBits = 0
    private(set) var bits = 0
    /// Those among `bits` that the payloads gave: other protocols, too, have a type and a length at the front.
    private(set) var payloadBits = 0
    /// Something was counted.
    private(set) var hasEvidence = false
    /// The mask bit of the frames.
    private(set) var masked: Bool?
    /// Where the next frame begins, or the one that is cut.
    private var offset = 0
    /// Where the cut frame ends, or the bytes do.
    private(set) var end = 0
    private let mayBeCompressed: Bool
    /// Whether a message is under way; nil where that is not known, as at the start.
    private var isInMessage: Bool?
    /// The beginning of a message was seen.
    private var hasBegun = false

    /// - Parameters:
    ///   - masked: the mask bit of the frames before; nil where none is known.
    ///   - mayBeCompressed: RSV1 may mean deflate.
    init(masked: Bool?, mayBeCompressed: Bool) {
        self.masked = masked
        self.mayBeCompressed = mayBeCompressed
    }

    /// Reads on; false where something is not plausible.
    ///
    /// - Parameters:
    ///   - bytes: all from the start of the chain to the end of a segment.
    ///   - segment: where in them this segment begins.
    mutating func extend(_ bytes: Span<UInt8>, from segment: Int) -> Bool {
        while self.offset < bytes.count {
            let header: WebSocketFrameHeader
            switch WebSocketFrameHeader.parse(bytes, at: self.offset) {
            case .header(let whole): header = whole
            case .needs:
                // Cut by the segment's end.
                self.bits = self.wholeBits
                self.end = bytes.count
                return true
            case .invalidLength: return false
            }
            guard self.isPlausible(header) else { return false }
            // Zeros, as they fill many a binary message, read as empty fragments; and lengths of two and four bytes at
            // the front of a message, as many protocols have them, as fragments of a message that was never begun; and
            // letters, as the beginning of a deflated message in fragments.
            let counts =
                (header.payloadBytes > 0 || header.isControl) && (header.fin || !header.rsv1)
                && (header.opcode != .continuation || self.hasBegun)
            let start = self.offset + header.headerBytes
            let isWhole = header.payloadBytes <= bytes.count - start
            guard let payload = self.bits(ofPayload: bytes, from: start, header, isWhole: isWhole) else { return false }
            let gained = (counts ? self.bits(of: header) + (self.masked == nil ? 0 : 1) : 0) + payload
            if counts { self.hasEvidence = true }
            guard isWhole else {
                self.bits = self.wholeBits + (bytes.count - start >= 16 ? gained : 0)
                self.end = start + header.payloadBytes
                return true
            }
            self.masked = header.maskKey != nil
            if !header.isControl { self.isInMessage = !header.fin }
            if header.opcode == .text || header.opcode == .binary { self.hasBegun = true }
            let isInSegment = self.offset >= segment
            self.offset = start + header.payloadBytes
            self.wholeBits += gained
            self.payloadBits += payload
            if counts, self.offset == bytes.count {
                self.wholeBits += self.bits(ofEnd: header.payloadBytes, isInSegment: isInSegment)
            }
        }
        self.bits = self.wholeBits
        self.end = bytes.count
        return true
    }

    private func isPlausible(_ header: WebSocketFrameHeader) -> Bool {
        guard let opcode = header.opcode, header.rsv & 3 == 0, header.isLengthMinimal else { return false }
        if let masked = self.masked, masked != (header.maskKey != nil) { return false }
        if header.isControl { return header.fin && header.payloadBytes <= 125 && header.rsv == 0 }
        if let isInMessage = self.isInMessage, isInMessage != (opcode == .continuation) { return false }
        return !header.rsv1 || (self.mayBeCompressed && opcode != .continuation)
    }

    /// How rare a first byte like this is: of 256 one begins such a text, six a binary or deflated message.
    private func bits(of header: WebSocketFrameHeader) -> Int {
        if header.isControl { return 6 }
        return header.rsv1 || header.opcode == .binary ? 5 : 8
    }

    /// That a frame ends where a segment does is as unlikely as its length is long. Over several segments there are
    /// several such ends.
    private func bits(ofEnd payloadBytes: Int, isInSegment: Bool) -> Int {
        if payloadBytes <= 125 { return 7 }
        return (payloadBytes <= 0xFFFF ? 23 : 60) - (isInSegment ? 0 : 6)
    }

    /// What the payload from `start` on says; nil where it cannot be.
    private func bits(
        ofPayload bytes: Span<UInt8>, from start: Int, _ header: WebSocketFrameHeader, isWhole: Bool
    ) -> Int? {
        let end = isWhole ? start + header.payloadBytes : bytes.count
        guard header.rsv1 || header.opcode == .text else { return 0 }
        // Fragments and what is cut cannot be inflated yet; an empty message need not be deflate data.
        if header.rsv1, !isWhole || !header.fin || header.payloadBytes == 0 { return 0 }
        var payload = bytes.array(start..<end)
        if let key = header.maskKey { unmask(&payload, from: 0, key: key) }
        return header.rsv1 ? self.bits(ofDeflate: payload, header) : self.bits(ofText: payload, header, isWhole)
    }

    private func bits(ofDeflate payload: [UInt8], _ header: WebSocketFrameHeader) -> Int? {
        switch DeflateShape(payload.span) {
        case .message(let text) where header.opcode == .text && !Self.isUTF8(text, cut: false): return nil
        // A byte of zero is an empty message, and of random bytes one of eight is.
        case .message, .refersBack: return payload.count == 1 ? 3 : Self.deflateBits
        case .final: return Self.deflateBits - 4
        case .tooLarge: return 0
        case .none: return nil
        }
    }

    /// Of random bytes about half go on as UTF-8; nil where these do not.
    private func bits(ofText text: [UInt8], _ header: WebSocketFrameHeader, _ isWhole: Bool) -> Int? {
        guard !text.contains(0), Self.isUTF8(text, cut: !isWhole || !header.fin) else { return nil }
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
