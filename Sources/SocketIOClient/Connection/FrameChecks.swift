import NIOWebSocket

extension WebSocketFault {
    /// What is wrong with a server's frame by its header alone. Source: RFC 6455, sections 5.1 and 5.2.
    init?(headerOf frame: WebSocketFrame) {
        if frame.maskKey != nil {
            self = .violation(
                .masked, "a server's frame is masked",
                detail: "a frame with a mask; expected one without it, RFC 6455 section 5.1")
            return
        }
        let bits = (frame.rsv1 ? 4 : 0) + (frame.rsv2 ? 2 : 0) + (frame.rsv3 ? 1 : 0)
        guard bits != 0 else { return nil }
        self = .violation(
            .reservedBits, "a reserved bit of a frame is set",
            detail: "RSV bits \(String(bits, radix: 2)); expected 0, for no extension gives them a meaning")
    }
}

/// What stands in a close frame. Source: RFC 6455, section 5.5.1.
struct CloseBody {
    /// Nil where there is no code.
    let code: UInt16?
    /// What is no UTF-8 in it is repaired.
    let reason: String
    /// Code and reason say all that stood there: there is no single byte, nothing was repaired, and the code is none of
    /// those that stand for the lack of one.
    let isWhole: Bool

    /// As much of it as fits behind the code in the 125 bytes of a control frame.
    static func reason(_ text: String) -> String {
        var (kept, bytes) = (String.UnicodeScalarView(), 0)
        for character in text.unicodeScalars {
            bytes += UTF8.width(character)
            if bytes > 123 { break }
            kept.append(character)
        }
        return String(kept)
    }

    init(_ bytes: some Collection<UInt8>) {
        guard bytes.count >= 2 else {
            (self.code, self.reason, self.isWhole) = (nil, "", bytes.isEmpty)
            return
        }
        let code = bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
        let text = String(validating: bytes.dropFirst(2), as: UTF8.self)
        self.code = code
        self.reason = text ?? String(decoding: bytes.dropFirst(2), as: UTF8.self)
        self.isWhole = text != nil && code != 1005 && code != 1006
    }
}
