import TimelineModel
import Wire

/// The two byte streams of a WebSocket, cut into messages for its lane.
final class WebSocketStreams {
    private let lane: WebSocketLane
    private let scope: ConnectionScope
    private let client: WebSocketStream
    private let server: WebSocketStream

    /// - Parameters:
    ///   - deflate: what was agreed; nil for no compression.
    ///   - isClientLost: bytes of the client are missing around the upgrade: where its first frame begins is not known.
    init(_ lane: WebSocketLane, _ scope: ConnectionScope, deflate: PerMessageDeflate?, isClientLost: Bool) {
        let limits = scope.context.limits
        self.lane = lane
        self.scope = scope
        self.client = WebSocketStream(
            .client, deflate.map { .deflate(noContextTakeover: $0.clientNoContextTakeover) } ?? .none,
            isLost: isClientLost,
            limits)
        self.server = WebSocketStream(
            .server, deflate.map { .deflate(noContextTakeover: $0.serverNoContextTakeover) } ?? .none, isLost: false,
            limits)
        if isClientLost { self.client.noteMissing() }
        self.tellWhatIsUnread()
    }

    /// Joined mid-stream: neither frame boundaries nor compression are known.
    init(midStream lane: WebSocketLane, _ scope: ConnectionScope) {
        let limits = scope.context.limits
        self.lane = lane
        self.scope = scope
        self.client = WebSocketStream(.client, .unknown, isLost: true, limits)
        self.server = WebSocketStream(.server, .unknown, isLost: true, limits)
        self.tellWhatIsUnread()
    }

    private func tellWhatIsUnread() {
        self.lane.isUnread = { [unowned self] in self.stream($0).isUnread }
    }

    func receive(_ bytes: Span<UInt8>, _ facts: ChunkFacts, from sender: Sender) {
        self.stream(sender).receive(bytes, facts, self.lane, self.scope)
    }

    func gap(_ count: Int, at: Timestamp, from sender: Sender) {
        self.stream(sender).gap(count, at: at, self.lane, self.scope)
    }

    func finish(at: Timestamp) {
        for sender in Sender.allCases { self.stream(sender).finish(at: at, self.scope) }
    }

    private func stream(_ sender: Sender) -> WebSocketStream {
        sender == .client ? self.client : self.server
    }
}

/// One direction: bytes to frames, frames to messages.
private final class WebSocketStream {
    private let sender: Sender
    private var frames: WebSocketFrameDecoder
    private var messages: WebSocketMessageAssembler
    private var reportedUndecoded = 0
    /// Bytes are not in the capture, behind which frames had to be looked for.
    private var isMissing = false
    /// What it holds frames of other connections back with, while bytes wait here that may give older ones.
    private var holdID: Int64?

    init(_ sender: Sender, _ compression: Compression, isLost: Bool, _ limits: DecodingLimits) {
        self.sender = sender
        self.frames = WebSocketFrameDecoder(
            isLost: isLost, mayBeCompressed: compression != .none, limitBytes: limits.messageBytes,
            searchBytes: limits.unprovenBytes, sender: sender)
        self.messages = WebSocketMessageAssembler(compression, limitBytes: limits.messageBytes, sender: sender)
    }

    /// There is something behind the last frame that is not read. Of one that was silent since it was joined there is
    /// nothing.
    var isUnread: Bool {
        self.frames.isLost && (self.isMissing || self.frames.undecodedBytes > 0 || self.frames.waitsSince != nil)
    }

    func noteMissing() { self.isMissing = true }

    func receive(_ bytes: Span<UInt8>, _ facts: ChunkFacts, _ lane: WebSocketLane, _ scope: ConnectionScope) {
        self.frames.feed(bytes, facts) { self.pass($0, $1, lane, scope) }
        self.report(scope, from: facts.offset)
    }

    func gap(_ count: Int, at: Timestamp, _ lane: WebSocketLane, _ scope: ConnectionScope) {
        self.frames.gap(count, at: at) { self.pass($0, $1, lane, scope) }
        if self.frames.isLost {
            self.isMissing = true
            self.messages.lose()
            lane.loseMessages(of: self.sender)
        }
        self.report(scope, from: self.frames.start)
    }

    func finish(at: Timestamp, _ scope: ConnectionScope) {
        self.frames.finish(at: at)
        self.report(scope, from: self.frames.start)
    }

    private func pass(
        _ frame: WebSocketFrame, _ payload: Span<UInt8>, _ lane: WebSocketLane, _ scope: ConnectionScope
    ) {
        self.messages.receive(frame, payload) { message, bytes in
            lane.receive(message, bytes, from: self.sender)
        }
        // Behind its message: the first one of a server makes the session that this is told of.
        if (frame.header.maskKey != nil) != (self.sender == .client) { self.reportMask(frame, scope) }
    }

    private func reportMask(_ frame: WebSocketFrame, _ scope: ConnectionScope) {
        if self.sender == .client {
            scope.add(
                Anomaly(
                    "websocket.unmasked-client-frame", at: frame.at,
                    detail: "a frame without a mask \(ConnectionScope.place(frame.offset, .client)); "
                        + "expected one with it, RFC 6455 section 5.1"), limit: 1)
        } else {
            scope.add(
                Anomaly(
                    "websocket.masked-server-frame", at: frame.at,
                    detail: "a frame with a mask \(ConnectionScope.place(frame.offset, .server)); "
                        + "expected one without it, RFC 6455 section 5.1"), limit: 1)
        }
    }

    /// - Parameter offset: where undecoded bytes are, if there are any.
    private func report(_ scope: ConnectionScope, from offset: Int64) {
        let undecoded = self.frames.undecodedBytes
        if undecoded != self.reportedUndecoded {
            scope.addUndecoded(undecoded - self.reportedUndecoded, offset: offset, from: self.sender)
            self.reportedUndecoded = undecoded
        }
        if self.holdID != nil || self.frames.isLost { self.updateHold(scope.context.log) }
        guard !self.frames.anomalies.isEmpty || !self.messages.anomalies.isEmpty else { return }
        for anomaly in self.frames.anomalies + self.messages.anomalies { scope.add(anomaly) }
        self.frames.anomalies.removeAll()
        self.messages.anomalies.removeAll()
    }

    private func updateHold(_ log: TimelineLog) {
        let since = self.frames.waitsSince
        if since != nil, self.holdID == nil { self.holdID = log.makeHoldID() }
        guard let id = self.holdID else { return }
        log.hold(id, since: since)
        if since == nil { self.holdID = nil }
    }
}
