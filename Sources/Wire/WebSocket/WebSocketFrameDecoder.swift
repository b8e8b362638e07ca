import TimelineModel

/// One WebSocket frame as it crossed the wire; its payload, mask removed, comes beside it.
public struct WebSocketFrame: Hashable, Sendable {
    public var header: WebSocketFrameHeader
    /// When its last byte arrived.
    public var at: Timestamp
    public var flags: FrameFlags
    /// False where the payload was not kept: a gap lies in it, or it is larger than the limit.
    public var isWhole: Bool
    /// Where its header begins in the stream, see `ChunkFacts`.
    public var offset: Int64
}

/// When and how stream bytes arrived.
public struct ChunkFacts: Hashable, Sendable {
    public var at: Timestamp
    public var isRetransmitted: Bool
    /// Of the first byte, in what this side sent since the first byte that was seen.
    public var offset: Int64

    public init(at: Timestamp, isRetransmitted: Bool = false, offset: Int64 = 0) {
        self.at = at
        self.isRetransmitted = isRetransmitted
        self.offset = offset
    }

    /// The same for the bytes behind the first `count`.
    public func advanced(by count: Int) -> ChunkFacts {
        ChunkFacts(at: self.at, isRetransmitted: self.isRetransmitted, offset: self.offset + Int64(count))
    }
}

/// A place in what one side sent, in the words of all anomalies; nil where it is not known which side.
func streamPlace(_ offset: Int64, _ sender: Sender?) -> String {
    "at offset \(offset) of \(sender.map { "the \($0.rawValue)'s" } ?? "the") stream"
}

/// Cuts one direction of a WebSocket into frames. Fed with stream bytes at any cuts and told of gaps.
///
/// After a gap it goes on where it can prove a frame to begin: by arithmetic, where the gap lies inside one payload;
/// else at the first segment from which on all is made of plausible frames (`WebSocketSearch`). Bytes in between are
/// counted in `undecodedBytes`. At most one frame is buffered, `limitBytes` at most; or what waits for a proof,
/// `searchBytes` at most.
public struct WebSocketFrameDecoder {
    private enum State {
        case frame
        /// The rest of a payload that is not kept.
        case skipping(WebSocketFrameHeader, remaining: Int, flags: FrameFlags)
        /// It is not known where a frame begins.
        case lost
        /// HTTP stands where a frame should begin; its first line is collected for the report.
        case httpText
        /// The stream turned into something else for good.
        case over
    }

    private static let httpStart = Array("HTTP/1.".utf8)

    /// Buffers larger than this are given back after use: there is one decoder a direction and connection.
    private static let keptBytes = 64 << 10

    private static func empty(_ bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
    }

    private var state: State
    private var buffer: [UInt8] = []
    private var scratch: [UInt8] = []
    private var bufferFlags: FrameFlags = []
    private var nextIsAfterGap = false
    private let limitBytes: Int
    private var search: WebSocketSearch
    private let sender: Sender?
    /// Where the frame begins that is being read, or was read last.
    public private(set) var start: Int64 = 0
    /// The mask bit of the frames so far: what a frame after a gap must look like.
    private var masked: Bool?
    public private(set) var undecodedBytes = 0
    /// What was wrong, for the caller to take away.
    public var anomalies: [Anomaly] = []

    /// - Parameters:
    ///   - isLost: joined mid-stream: the first byte need not begin a frame.
    ///   - mayBeCompressed: RSV1 may stand on a frame after a gap: deflate was agreed, or nobody knows.
    ///   - limitBytes: larger payloads are skipped and reported.
    ///   - searchBytes: that wait at most for a proof that a frame begins.
    ///   - sender: whose stream it is, for what is reported.
    public init(
        isLost: Bool, mayBeCompressed: Bool, limitBytes: Int, searchBytes: Int = 64 << 10, sender: Sender? = nil
    ) {
        self.sender = sender
        self.state = isLost ? .lost : .frame
        self.nextIsAfterGap = isLost
        self.limitBytes = limitBytes
        self.search = WebSocketSearch(mayBeCompressed: mayBeCompressed, .isWebSocket, limitBytes: searchBytes)
    }

    public var isLost: Bool {
        if case .lost = self.state { true } else { false }
    }

    /// When the first of the bytes came that wait for a proof that a frame begins there; nil where none do.
    public var waitsSince: Timestamp? { self.isLost ? self.search.waitsSince : nil }

    public mutating func feed(
        _ bytes: Span<UInt8>, _ facts: ChunkFacts, _ frame: (WebSocketFrame, Span<UInt8>) -> Void
    ) {
        var offset = 0
        let chunkFlags: FrameFlags = facts.isRetransmitted ? .retransmitted : []
        while offset < bytes.count {
            switch self.state {
            case .over:
                self.undecodedBytes += bytes.count - offset
                return
            case .httpText:
                self.undecodedBytes += 1
                self.collectHTTP(bytes[offset], facts.at)
                offset += 1
            case .lost:
                guard self.find(bytes, facts, frame) else { return }
            case .skipping(let header, let remaining, let flags):
                let taken = min(remaining, bytes.count - offset)
                offset += taken
                self.undecodedBytes += taken
                self.skipped(header, remaining - taken, flags.union(chunkFlags), facts.at, frame)
            case .frame where self.buffer.isEmpty:
                self.start = facts.offset + Int64(offset)
                offset = self.decodeInPlace(bytes, from: offset, chunkFlags, facts.at, frame)
            case .frame:
                offset = self.decodeBuffered(bytes, from: offset, chunkFlags, facts.at, frame)
            }
        }
    }

    /// Looks for a frame's beginning in a segment; true where one is there. What waited is decoded before.
    private mutating func find(
        _ bytes: Span<UInt8>, _ facts: ChunkFacts, _ frame: (WebSocketFrame, Span<UInt8>) -> Void
    ) -> Bool {
        let before = self.search.heldBytes + bytes.count
        let answer = self.search.receive(bytes, facts, masked: self.masked)
        self.undecodedBytes += before - self.search.heldBytes
        guard answer == .proven else { return false }
        self.state = .frame
        let held = self.search.takeHeld()
        // It begins with this segment, and no other one waits.
        if held.isEmpty { self.undecodedBytes -= bytes.count }
        for segment in held { self.feed(segment.bytes.span, segment.facts, frame) }
        return held.isEmpty
    }

    /// What waited is not decoded any more.
    private mutating func giveUpSearch() {
        self.undecodedBytes += self.search.heldBytes
        self.search.forget()
    }

    /// Bytes that the capture misses at this place of the stream.
    public mutating func gap(_ count: Int, at: Timestamp, _ frame: (WebSocketFrame, Span<UInt8>) -> Void) {
        switch self.state {
        case .over, .httpText:
            break
        case .lost:
            self.giveUpSearch()
        case .skipping(let header, let remaining, let flags):
            if count <= remaining {
                self.skipped(header, remaining - count, flags, at, frame)
            } else {
                self.state = .lost
            }
        case .frame:
            // Inside a payload whose length is known the next boundary is known as well.
            if case .header(let header) = WebSocketFrameHeader.parse(self.buffer.span, at: 0),
                count <= header.totalBytes - self.buffer.count
            {
                let remaining = header.totalBytes - self.buffer.count - count
                self.undecodedBytes += self.buffer.count
                self.buffer.removeAll()
                self.skipped(header, remaining, self.bufferFlags, at, frame)
            } else {
                self.undecodedBytes += self.buffer.count
                self.buffer.removeAll()
                self.state = .lost
            }
        }
        self.nextIsAfterGap = true
    }

    /// End of the stream: what is left in the buffer is no whole frame.
    public mutating func finish(at: Timestamp) {
        self.giveUpSearch()
        if case .httpText = self.state {
            self.reportHTTP(at)
        } else if !self.buffer.isEmpty {
            self.undecodedBytes += self.buffer.count
            self.anomalies.append(
                Anomaly(
                    "websocket.incomplete-frame", at: at,
                    detail: "the stream ends \(Anomaly.bytes(self.buffer.count)) into the frame \(self.place); "
                        + "expected its rest"
                ))
            self.buffer.removeAll()
        }
    }

    /// Frames that are whole in `bytes` from `offset` on; returns where to go on.
    private mutating func decodeInPlace(
        _ bytes: Span<UInt8>, from offset: Int, _ flags: FrameFlags, _ at: Timestamp,
        _ frame: (WebSocketFrame, Span<UInt8>) -> Void
    ) -> Int {
        if bytes[offset] == UInt8(ascii: "H"), bytes.has("HTTP/1.", at: offset) {
            self.state = .httpText
            return offset
        }
        switch WebSocketFrameHeader.parse(bytes, at: offset) {
        case .invalidLength:
            self.loseTrack(at)
            return offset
        case .needs:
            break
        case .header(let header):
            if header.payloadBytes > self.limitBytes {
                self.startSkipping(header, flags, at)
                return min(offset + header.headerBytes, bytes.count)
            }
            guard header.totalBytes <= bytes.count - offset else { break }
            let payload = bytes.extracting(offset + header.headerBytes..<offset + header.totalBytes)
            if let key = header.maskKey {
                Self.empty(&self.scratch)
                self.scratch.append(payload)
                unmask(&self.scratch, from: 0, key: key)
                let facts = self.facts(header, flags, at)
                frame(facts, self.scratch.span)
            } else {
                frame(self.facts(header, flags, at), payload)
            }
            return offset + header.totalBytes
        }
        self.buffer.append(bytes.extracting(offset..<bytes.count))
        self.bufferFlags = flags
        return bytes.count
    }

    /// Fills up the frame that an earlier chunk began; returns where to go on.
    private mutating func decodeBuffered(
        _ bytes: Span<UInt8>, from start: Int, _ flags: FrameFlags, _ at: Timestamp,
        _ frame: (WebSocketFrame, Span<UInt8>) -> Void
    ) -> Int {
        var offset = start
        self.bufferFlags.formUnion(flags)
        if self.buffer[0] == UInt8(ascii: "H") {
            // "HTTP/1." may be cut anywhere as well. "HT" is also a header that announces 84 bytes: while it may still
            // be either, the frame is not passed.
            while offset < bytes.count, self.mayBecomeHTTP {
                self.buffer.append(bytes[offset])
                offset += 1
            }
            if self.buffer.span.has("HTTP/1.", at: 0) {
                self.undecodedBytes += self.buffer.count
                self.state = .httpText
                return offset
            }
        }
        while true {
            let needed: Int
            switch WebSocketFrameHeader.parse(self.buffer.span, at: 0) {
            case .invalidLength:
                self.undecodedBytes += self.buffer.count
                self.buffer.removeAll()
                self.loseTrack(at)
                return offset
            case .needs(let count):
                needed = count
            case .header(let header):
                if header.payloadBytes > self.limitBytes {
                    let inBuffer = self.buffer.count - header.headerBytes
                    self.buffer.removeAll()
                    self.startSkipping(header, self.bufferFlags, at, already: inBuffer)
                    return offset
                }
                needed = header.totalBytes
                if self.buffer.count >= needed {
                    if let key = header.maskKey { unmask(&self.buffer, from: header.headerBytes, key: key) }
                    let facts = self.facts(header, self.bufferFlags, at)
                    swap(&self.buffer, &self.scratch)
                    Self.empty(&self.buffer)
                    frame(facts, self.scratch.span.extracting(header.headerBytes..<needed))
                    return offset
                }
            }
            guard offset < bytes.count else { return offset }
            let taken = min(needed - self.buffer.count, bytes.count - offset)
            self.buffer.append(bytes.extracting(offset..<offset + taken))
            offset += taken
        }
    }

    private mutating func facts(_ header: WebSocketFrameHeader, _ flags: FrameFlags, _ at: Timestamp) -> WebSocketFrame
    {
        var flags = flags
        if self.nextIsAfterGap {
            flags.insert(.afterGap)
            self.nextIsAfterGap = false
        }
        self.masked = header.maskKey != nil
        return WebSocketFrame(header: header, at: at, flags: flags, isWhole: true, offset: self.start)
    }

    private mutating func startSkipping(
        _ header: WebSocketFrameHeader, _ flags: FrameFlags, _ at: Timestamp, already: Int = 0
    ) {
        self.undecodedBytes += already
        self.anomalies.append(
            Anomaly(
                "websocket.frame-over-limit", at: at,
                detail: "a payload of \(header.payloadBytes) bytes in the frame \(self.place); "
                    + "expected at most \(self.limitBytes), which are kept"))
        self.state = .skipping(header, remaining: header.payloadBytes - already, flags: flags)
    }

    private mutating func skipped(
        _ header: WebSocketFrameHeader, _ remaining: Int, _ flags: FrameFlags, _ at: Timestamp,
        _ frame: (WebSocketFrame, Span<UInt8>) -> Void
    ) {
        guard remaining == 0 else {
            self.state = .skipping(header, remaining: remaining, flags: flags)
            return
        }
        self.state = .frame
        var facts = self.facts(header, flags, at)
        facts.isWhole = false
        let none: [UInt8] = []
        frame(facts, none.span)
    }

    private var place: String { streamPlace(self.start, self.sender) }

    private mutating func loseTrack(_ at: Timestamp) {
        self.anomalies.append(
            Anomaly(
                "websocket.invalid-length", at: at,
                detail: "a length beyond 2^61 in the frame \(self.place); expected a smaller one"))
        self.state = .over
    }

    private var mayBecomeHTTP: Bool {
        self.buffer.count < Self.httpStart.count && self.buffer.elementsEqual(Self.httpStart.prefix(self.buffer.count))
    }

    /// Servers that refuse late write an HTTP answer into the upgraded stream: engine.io for a wrong version, Werkzeug
    /// after an exception.
    private mutating func collectHTTP(_ byte: UInt8, _ at: Timestamp) {
        if byte >= 0x20, self.buffer.count < 80 {
            self.buffer.append(byte)
        } else {
            self.reportHTTP(at)
        }
    }

    private mutating func reportHTTP(_ at: Timestamp) {
        let line = String(decoding: self.buffer, as: UTF8.self)
        self.anomalies.append(
            Anomaly(
                "websocket.http-text", at: at,
                detail: "\(line) \(self.place); expected a WebSocket frame"))
        self.buffer.removeAll()
        self.state = .over
    }
}
