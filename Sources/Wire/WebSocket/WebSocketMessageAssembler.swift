import TimelineModel

/// A reassembled, inflated WebSocket unit: a whole data message or a control frame. Its bytes come beside it.
public struct WebSocketMessage: Hashable, Sendable {
    /// Text, binary, close, ping or pong.
    public var opcode: WebSocketOpcode
    /// When its last byte arrived.
    public var at: Timestamp
    /// All its frames with their headers.
    public var wireBytes: Int
    public var flags: FrameFlags
    /// Nil for a message whose bytes are all there; else why they are not.
    public var loss: Loss?
    /// Its size where a source of whole messages tells another one than its bytes have, as for a text that was
    /// repaired; nil where its bytes tell.
    public var statedBytes: Int?
    /// Of its first frame, in what this side sent since the first byte that was seen; nil where a source gives whole
    /// messages.
    public var offset: Int64?

    public init(
        opcode: WebSocketOpcode, at: Timestamp, wireBytes: Int, flags: FrameFlags = [], loss: Loss? = nil,
        statedBytes: Int? = nil, offset: Int64? = nil
    ) {
        self.opcode = opcode
        self.at = at
        self.wireBytes = wireBytes
        self.flags = flags
        self.loss = loss
        self.statedBytes = statedBytes
        self.offset = offset
    }

    public enum Loss: Hashable, Sendable {
        /// The capture misses a part of it.
        case gap
        /// It is larger than the limit, before or after inflate.
        case overLimit
        /// Deflated against earlier bytes that are not known.
        case unknownContext
        /// The deflate data is corrupt.
        case corrupt
        /// The source gives whole messages, and says why it does not have this one.
        case told(String)
    }
}

/// Joins the frames of one direction to messages and inflates them. Sources: RFC 6455, section 5.4; RFC 7692, section 7.
///
/// After a gap with context takeover the window is unknown. zlib refuses references to bytes it has not seen, so each
/// message that inflates from an empty window is right, and each one that does not is given up (`unknownContext`).
public struct WebSocketMessageAssembler {
    private struct Partial {
        var opcode: WebSocketOpcode
        var isCompressed: Bool
        var wireBytes: Int
        var flags: FrameFlags
        /// Where its first frame begins in the stream.
        var offset: Int64
        var loss: WebSocketMessage.Loss?
        var bytes: [UInt8]
    }

    private let compression: Compression
    private let limitBytes: Int
    private let sender: Sender?
    private var partial: Partial?
    private var inflater: Inflater?
    private var isContextKnown: Bool
    /// A message may be under way of which the beginning was not seen.
    private var mayContinue: Bool
    private var inflated: [UInt8] = []
    public var anomalies: [Anomaly] = []

    /// - Parameters:
    ///   - limitBytes: the largest message kept, after inflate as well.
    ///   - sender: whose stream it is, for what is reported.
    public init(_ compression: Compression, limitBytes: Int, sender: Sender? = nil) {
        self.sender = sender
        self.compression = compression
        self.limitBytes = limitBytes
        self.isContextKnown = compression != .unknown
        self.mayContinue = compression == .unknown
    }

    /// A gap, or a place where the frames were lost: what was begun stays incomplete, the deflate window is unknown.
    public mutating func lose() {
        if self.partial?.loss == nil { self.partial?.loss = .gap }
        self.mayContinue = true
        self.forgetContext()
    }

    public mutating func receive(
        _ frame: WebSocketFrame, _ payload: Span<UInt8>, _ message: (WebSocketMessage, Span<UInt8>) -> Void
    ) {
        let header = frame.header
        self.check(frame)
        guard let opcode = header.opcode else { return }
        if header.isControl {
            message(
                WebSocketMessage(
                    opcode: opcode, at: frame.at, wireBytes: header.totalBytes, flags: frame.flags,
                    loss: self.loss(of: frame), offset: frame.offset),
                payload)
            return
        }
        self.mayContinue = false
        if opcode != .continuation, header.fin, self.partial == nil, frame.isWhole {
            // The usual case: one frame, one message; its bytes are passed on without a copy.
            self.deliver(
                opcode, header.rsv1 && self.compression != .none, frame.at, header.totalBytes, frame.flags, payload,
                frame.offset, message)
            return
        }
        self.append(frame, opcode, payload)
        guard header.fin, let whole = self.partial else { return }
        self.partial = nil
        if let loss = whole.loss {
            if whole.isCompressed { self.forgetContext() }
            let none: [UInt8] = []
            message(
                WebSocketMessage(
                    opcode: whole.opcode, at: frame.at, wireBytes: whole.wireBytes, flags: whole.flags, loss: loss,
                    offset: whole.offset),
                none.span)
        } else {
            self.deliver(
                whole.opcode, whole.isCompressed, frame.at, whole.wireBytes, whole.flags, whole.bytes.span,
                whole.offset,
                message)
        }
    }

    private mutating func append(_ frame: WebSocketFrame, _ opcode: WebSocketOpcode, _ payload: Span<UInt8>) {
        if opcode == .continuation, self.partial != nil {
            self.partial?.wireBytes += frame.header.totalBytes
            self.partial?.flags.formUnion(frame.flags)
            self.partial?.flags.insert(.fragmented)
        } else {
            if let unfinished = self.partial {
                // Behind a gap the final frame may be what is missing.
                if unfinished.loss != .gap {
                    self.note(
                        "websocket.unfinished-message", frame,
                        "a new message \(self.place(frame)); expected a continuation of that at offset \(unfinished.offset)"
                    )
                }
                if unfinished.isCompressed { self.forgetContext() }
            }
            // A continuation of what was never begun: the beginning lies before the capture, or in a gap.
            var flags = frame.flags
            if !frame.header.fin || opcode == .continuation { flags.insert(.fragmented) }
            self.partial = Partial(
                opcode: opcode == .continuation ? .binary : opcode,
                isCompressed: frame.header.rsv1 && self.compression != .none,
                wireBytes: frame.header.totalBytes, flags: flags, offset: frame.offset,
                loss: opcode == .continuation ? .gap : nil, bytes: [])
        }
        let held = self.partial?.bytes.count ?? 0
        if let loss = self.loss(of: frame) {
            self.partial?.loss = loss
        } else if payload.count > self.limitBytes - held {
            self.partial?.loss = .overLimit
        }
        if self.partial?.loss == nil {
            self.partial?.bytes.append(payload)
        } else {
            self.partial?.bytes = []
        }
    }

    private func loss(of frame: WebSocketFrame) -> WebSocketMessage.Loss? {
        if frame.isWhole { return nil }
        return frame.header.payloadBytes > self.limitBytes ? .overLimit : .gap
    }

    private mutating func deliver(
        _ opcode: WebSocketOpcode, _ isCompressed: Bool, _ at: Timestamp, _ wireBytes: Int, _ flags: FrameFlags,
        _ bytes: Span<UInt8>, _ offset: Int64, _ message: (WebSocketMessage, Span<UInt8>) -> Void
    ) {
        var facts = WebSocketMessage(
            opcode: opcode, at: at, wireBytes: wireBytes, flags: flags, loss: nil, offset: offset)
        guard isCompressed else {
            message(facts, bytes)
            return
        }
        facts.flags.insert(.compressed)
        facts.loss = self.inflate(bytes, at, offset)
        if facts.loss == nil {
            message(facts, self.inflated.span)
        } else {
            message(facts, bytes)
        }
    }

    /// Inflates one message into `inflated`; answers why it could not be.
    private mutating func inflate(_ bytes: Span<UInt8>, _ at: Timestamp, _ offset: Int64) -> WebSocketMessage.Loss? {
        let inflater = self.inflater ?? Inflater(.raw)
        self.inflater = inflater
        let keeps = self.inflated.capacity <= 64 << 10
        self.inflated.removeAll(keepingCapacity: keeps)
        // An empty message should be a byte of deflate data; some senders leave that out too.
        if bytes.count == 0 { return nil }
        do throws(InflateError) {
            try inflater.inflate(bytes, into: &self.inflated, limit: self.limitBytes)
            // What the sender cut off, RFC 7692 section 7.2.1; nothing, where a final block ends the message.
            if !inflater.isAtEnd {
                let tail: InlineArray<4, UInt8> = [0x00, 0x00, 0xFF, 0xFF]
                try inflater.inflate(tail.span, into: &self.inflated, limit: self.limitBytes)
            }
            if case .deflate(noContextTakeover: true) = self.compression { inflater.reset() }
            return nil
        } catch {
            let wasKnown = self.isContextKnown
            self.forgetContext()
            self.inflated.removeAll()
            switch error {
            case .tooLarge:
                self.anomalies.append(
                    Anomaly(
                        "websocket.inflate-over-limit", at: at,
                        detail: "too many bytes, once inflated, in the message \(streamPlace(offset, self.sender)); "
                            + "expected at most \(self.limitBytes), which are kept"))
                return .overLimit
            case .corrupt where !wasKnown:
                return .unknownContext
            case .corrupt(let reason):
                self.anomalies.append(
                    Anomaly(
                        "websocket.deflate-error", at: at,
                        detail: "deflate data that is corrupt (\(reason)) in the message "
                            + "\(streamPlace(offset, self.sender)); expected what RFC 7692 asks for"))
                return .corrupt
            }
        }
    }

    private mutating func forgetContext() {
        self.inflater?.reset()
        if case .deflate(noContextTakeover: true) = self.compression { return }
        self.isContextKnown = false
    }

    private mutating func check(_ frame: WebSocketFrame) {
        let header = frame.header
        if header.rsv != 0 {
            let isDeflate =
                header.rsv == 4 && self.compression != .none && !header.isControl && header.opcode != .continuation
            if !isDeflate {
                self.note(
                    "websocket.reserved-bits", frame,
                    "RSV bits \(String(header.rsv, radix: 2)) \(self.place(frame)); "
                        + "expected 0, for no extension gives them a meaning")
            }
        }
        if header.opcode == nil {
            self.note(
                "websocket.reserved-opcode", frame,
                "opcode \(header.rawOpcode) \(self.place(frame)); expected 0, 1, 2, 8, 9 or 10")
        }
        if header.isControl, !header.fin || header.payloadBytes > 125 {
            self.note(
                "websocket.invalid-control-frame", frame,
                "a control frame of \(Anomaly.bytes(header.payloadBytes))\(header.fin ? "" : " without FIN") \(self.place(frame)); "
                    + "expected one frame of at most 125")
        }
        if header.opcode == .continuation, self.partial == nil, !self.mayContinue {
            self.note(
                "websocket.orphan-continuation", frame,
                "a continuation frame \(self.place(frame)), and no message is begun; expected the first frame of one")
        }
    }

    private func place(_ frame: WebSocketFrame) -> String { streamPlace(frame.offset, self.sender) }

    private mutating func note(_ code: Anomaly.Code, _ frame: WebSocketFrame, _ detail: String) {
        self.anomalies.append(Anomaly(code, at: frame.at, detail: detail))
    }
}
