import EngineIO
import NIOCore
import Replay
import Wire

/// Why a WebSocket has to be failed. Source of the codes: RFC 6455, section 7.4.1.
struct WebSocketFault: Error, Hashable {
    var code: UInt16
    var reason: String
}

/// Cuts messages and control frames out of the bytes of a peer that is not trusted.
///
/// Memory: one message of at most `limitBytes`, as it came and inflated. A class, so that bytes which wait are never
/// copied.
final class WebSocketReader {
    enum Item: Hashable {
        case message(EngineIOPacket.Content)
        case control(WebSocketControl)
    }

    private struct Fragments {
        var isText: Bool
        var isDeflated: Bool
        var bytes: [UInt8]
    }

    private let expectsMask: Bool
    private let limitBytes: Int
    private let deflate: DeflateAgreement?
    private let inflater: Inflater?
    private var bytes = ByteBuffer()
    private var fragments: Fragments?

    /// - Parameter expectsMask: the peer is the client.
    init(expectsMask: Bool, limitBytes: Int, deflate: DeflateAgreement?) {
        self.expectsMask = expectsMask
        self.limitBytes = limitBytes
        self.deflate = deflate
        self.inflater = deflate.map { _ in Inflater(.raw) }
    }

    func feed(_ more: ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeImmutableBuffer(more) }
    }

    /// The next that is whole; nil where more bytes are needed.
    func next() throws(WebSocketFault) -> Item? {
        while true {
            let parsed = self.bytes.withUnsafeReadableBytes {
                WebSocketFrameHeader.parse(Span(_unsafeBytes: $0), at: 0)
            }
            let header: WebSocketFrameHeader
            switch parsed {
            case .needs: return nil
            case .invalidLength: throw WebSocketFault(code: 1002, reason: "a frame with a length that cannot be")
            case .header(let parsed): header = parsed
            }
            try self.check(header)
            guard self.bytes.readableBytes >= header.totalBytes else { return nil }
            self.bytes.moveReaderIndex(forwardBy: header.headerBytes)
            var payload = self.bytes.readBytes(length: header.payloadBytes) ?? []
            if let key = header.maskKey { Self.mask(&payload, key: key) }
            // What was read is let go of, however long the connection lives.
            self.bytes.discardReadBytes()
            if let item = try self.take(header, payload) { return item }
        }
    }

    private func check(_ header: WebSocketFrameHeader) throws(WebSocketFault) {
        func broken(_ reason: String) -> WebSocketFault { WebSocketFault(code: 1002, reason: reason) }
        guard let opcode = header.opcode else { throw broken("a frame of the reserved type \(header.rawOpcode)") }
        guard (header.maskKey != nil) == self.expectsMask else {
            throw broken(self.expectsMask ? "a client's frame is not masked" : "a server's frame is masked")
        }
        if header.isControl {
            guard header.fin, header.payloadBytes <= 125 else {
                throw broken("a control frame that is fragmented or too long")
            }
        }
        let mayDeflate = self.deflate != nil && !header.isControl && opcode != .continuation
        guard header.rsv & 3 == 0, !header.rsv1 || mayDeflate else { throw broken("a reserved bit of a frame is set") }
        let before = self.fragments?.bytes.count ?? 0
        guard header.isControl || header.payloadBytes <= self.limitBytes - before else {
            throw WebSocketFault(code: 1009, reason: "a message of more than \(self.limitBytes) bytes")
        }
    }

    private func take(_ header: WebSocketFrameHeader, _ payload: [UInt8]) throws(WebSocketFault) -> Item? {
        switch header.opcode {
        case .ping: return .control(.ping(payload))
        case .pong: return .control(.pong(payload))
        case .close: return .control(try self.close(payload))
        case .text, .binary:
            guard self.fragments == nil else {
                throw WebSocketFault(code: 1002, reason: "a new message inside a fragmented one")
            }
            self.fragments = Fragments(isText: header.opcode == .text, isDeflated: header.rsv1, bytes: payload)
        case .continuation:
            guard self.fragments != nil else {
                throw WebSocketFault(code: 1002, reason: "a continuation without a beginning")
            }
            self.fragments?.bytes += payload
        case nil: return nil
        }
        guard header.fin, let whole = self.fragments else { return nil }
        self.fragments = nil
        return .message(try self.content(of: whole))
    }

    private func content(of whole: Fragments) throws(WebSocketFault) -> EngineIOPacket.Content {
        var bytes = whole.bytes
        if whole.isDeflated, let inflater {
            var inflated: [UInt8] = []
            do throws(InflateError) {
                // The end that senders leave out. Source: RFC 7692, section 7.2.2.
                try inflater.inflate((bytes + [0, 0, 0xFF, 0xFF]).span, into: &inflated, limit: self.limitBytes)
            } catch {
                switch error {
                case .tooLarge(let limit):
                    throw WebSocketFault(code: 1009, reason: "inflates to more than \(limit) bytes")
                case .corrupt(let reason):
                    throw WebSocketFault(code: 1007, reason: "deflate data is corrupt: \(reason)")
                }
            }
            if self.deflate?.clientNoContextTakeover == true { inflater.reset() }
            bytes = inflated
        }
        guard whole.isText else { return .binary(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WebSocketFault(code: 1007, reason: "a text message is no UTF-8")
        }
        return .text(text)
    }

    /// Source: RFC 6455, sections 5.5.1 and 7.4.
    private func close(_ payload: [UInt8]) throws(WebSocketFault) -> WebSocketControl {
        guard !payload.isEmpty else { return .close(code: nil, reason: "") }
        guard payload.count >= 2 else { throw WebSocketFault(code: 1002, reason: "a close frame with half a code") }
        guard let reason = String(validating: payload[2...], as: UTF8.self) else {
            throw WebSocketFault(code: 1007, reason: "a close frame's reason is no UTF-8")
        }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        // What a server closes with is told as it is; of a client's close the server is the judge.
        guard !self.expectsMask || WebSocketControl.mayCarry(code) else {
            throw WebSocketFault(code: 1002, reason: "a close frame with the code \(code), which may not stand in one")
        }
        return .close(code: code, reason: reason)
    }

    /// Source: RFC 6455, section 5.3.
    private static func mask(_ bytes: inout [UInt8], key: UInt32) {
        for index in bytes.indices {
            bytes[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * (index & 3)))
        }
    }
}
