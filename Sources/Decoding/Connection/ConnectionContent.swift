import TimelineModel
import Wire

/// What a connection carries: found out from its first bytes, then read by the lane for that.
final class ConnectionContent {
    private enum Kind {
        /// Nothing seen that tells; counts the pieces that were looked at.
        case unknown(looks: Int)
        case http(HTTPLane)
        /// Joined mid-stream.
        case webSocket(WebSocketStreams, WebSocketLane)
        /// Something else; its bytes are passed over.
        case other
    }

    /// After so many pieces without a sign a connection is left alone.
    private static let looks = 64
    /// The same where frames of a WebSocket may begin anywhere: a large message can be under way.
    private static let joiningLooks = 16_384

    private var kind = Kind.unknown(looks: 0)
    /// Looks for frames, where the beginning was not seen.
    private var join: WebSocketJoin?
    /// What it found, until that is handed on.
    private var joined: [(direction: Int, segment: WebSocketSearch.Segment)] = []
    /// When the first of the bytes came that wait until it is known what they are.
    private(set) var waitsSince: Timestamp?

    /// Nothing told yet what it is: `look` has to.
    var isUnknown: Bool {
        if case .unknown = self.kind { true } else { false }
    }

    /// No byte was looked at.
    var showedNothing: Bool {
        if case .unknown(looks: 0) = self.kind { true } else { false }
    }

    /// There is a lane that reads it.
    var isRead: Bool {
        switch self.kind {
        case .http, .webSocket: true
        case .unknown, .other: false
        }
    }

    /// Requests are paired with answers, so both directions must come in step.
    var needsOrder: Bool {
        if case .http(let lane) = self.kind { lane.webSocket == nil } else { false }
    }

    /// Looks whether these bytes tell what the connection carries. Of a WebSocket it has kept what may be frames, these
    /// bytes among them: `handOn` gives them out.
    ///
    /// - Parameters:
    ///   - direction: 0 or 1; which end sent them may not be known yet.
    ///   - isMidStream: its beginning, or something since, was not seen.
    ///   - scope: asked for only where it is something to tell of.
    ///   - sender: which end a direction is of, asked for behind the scope.
    func look(
        _ bytes: Span<UInt8>, _ facts: ChunkFacts, direction: Int, isMidStream: Bool, _ scope: () -> ConnectionScope,
        sender: (Int) -> Sender, _ limits: DecodingLimits
    ) {
        guard case .unknown(let looks) = self.kind else { return }
        let isFirst = looks == 0 && !isMidStream
        if looks >= Self.looks || !self.isTold(bytes, facts, isFirst: isFirst, scope, { sender(direction) }) {
            self.kind = .unknown(looks: looks + 1)
            if !isMidStream || looks + 1 >= Self.joiningLooks {
                self.kind = .other
            } else {
                self.lookForFrames(bytes, facts, direction, scope, sender, limits)
            }
        }
        if !self.isUnknown { self.join = nil }
        self.waitsSince = self.join?.waitsSince
    }

    /// Whether the first bytes of a message tell: HTTP and TLS have such.
    private func isTold(
        _ bytes: Span<UInt8>, _ facts: ChunkFacts, isFirst: Bool, _ scope: () -> ConnectionScope, _ sender: () -> Sender
    ) -> Bool {
        if bytes.has("PRI * HTTP/2.0", at: 0) {
            let scope = scope()
            scope.add(
                Anomaly(
                    "http.http2-not-read", at: facts.at,
                    detail: "HTTP/2, which is not decoded, \(ConnectionScope.place(facts.offset, sender())); "
                        + "expected HTTP/1.1"))
            self.kind = .other
            // From its start on a connection may be HTTP in small pieces.
        } else if HTTPStreamDecoder.looksLikeHTTP(bytes) || (isFirst && HTTPStreamDecoder.mayBeHTTP(bytes)) {
            self.kind = .http(HTTPLane(scope()))
        } else if Self.isTLS(bytes) {
            let scope = scope()
            scope.facts.application = .tls
            scope.add(
                Anomaly(
                    "tls.not-decrypted", at: facts.at,
                    detail: "TLS, which is not decrypted, \(ConnectionScope.place(facts.offset, sender())); "
                        + "expected HTTP or WebSocket in the clear"))
            self.kind = .other
        } else {
            return false
        }
        return true
    }

    private func lookForFrames(
        _ bytes: Span<UInt8>, _ facts: ChunkFacts, _ direction: Int, _ scope: () -> ConnectionScope,
        _ sender: (Int) -> Sender, _ limits: DecodingLimits
    ) {
        if self.join == nil { self.join = WebSocketJoin(limits) }
        guard let found = self.join?.receive(bytes, facts, direction: direction) else { return }
        let scope = scope()
        let lane = WebSocketLane(scope, nil)
        let start = found.start ?? (direction, facts.offset)
        scope.addUndecoded(Int(found.passedOver), offset: start.offset, from: sender(start.direction))
        self.kind = .webSocket(WebSocketStreams(midStream: lane, scope), lane)
        self.joined = found.pieces
    }

    /// Hands on what `look` kept; false where it kept nothing, and the bytes it was given last are still to be read.
    func handOn(_ sender: (Int) -> Sender) -> Bool {
        guard !self.joined.isEmpty else { return false }
        let joined = self.joined
        self.joined = []
        for (direction, segment) in joined { self.receive(segment.bytes.span, segment.facts, from: sender(direction)) }
        return true
    }

    /// Bytes are missing, and nothing told yet what they are.
    func earlyGap(direction: Int) {
        self.join?.gap(direction: direction)
        self.waitsSince = self.join?.waitsSince
    }

    func receive(_ bytes: Span<UInt8>, _ facts: ChunkFacts, from sender: Sender) {
        switch self.kind {
        case .http(let lane):
            lane.receive(bytes, facts, from: sender)
            // What a proxy was asked to pass on is looked at as if the connection began with it.
            if lane.isTunnel { self.kind = .unknown(looks: 0) }
        case .webSocket(let streams, _): streams.receive(bytes, facts, from: sender)
        case .unknown, .other: break
        }
    }

    func gap(_ count: Int, at: Timestamp, from sender: Sender) {
        switch self.kind {
        case .http(let lane): lane.gap(count, at: at, from: sender)
        case .webSocket(let streams, _): streams.gap(count, at: at, from: sender)
        case .unknown, .other: break
        }
    }

    /// Bytes of the client were not seen, and will not be before what is given next.
    func lackRequests() {
        if case .http(let lane) = self.kind { lane.lackRequests() }
    }

    /// One direction ended, or the connection was reset (`reset`).
    func ended(by sender: Sender, at: Timestamp, reset: Bool) {
        switch self.kind {
        case .http(let lane): lane.ended(by: sender, at: at, reset: reset)
        case .webSocket(_, let lane): lane.transportEnded(reset ? .rst : .fin, by: sender, at: at)
        case .unknown, .other: break
        }
    }

    /// No more will come.
    func finish(at: Timestamp) {
        switch self.kind {
        case .http(let lane): lane.finish(at: at)
        case .webSocket(let streams, let lane):
            streams.finish(at: at)
            lane.finish()
        case .unknown, .other: break
        }
        self.kind = .other
        self.join = nil
        self.waitsSince = nil
    }

    /// Requests without the end of their answer.
    func openExchanges() -> [ExchangeFacts] {
        switch self.kind {
        case .http(let lane): lane.openExchanges()
        case .webSocket(_, let lane): lane.openExchange.map { [$0] } ?? []
        case .unknown, .other: []
        }
    }

    /// A record of TLS 1.0 to 1.3: handshake at the start, application data mid-stream. Source: RFC 8446, section 5.1.
    private static func isTLS(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 5, bytes[0] >= 0x14, bytes[0] <= 0x17, bytes[1] == 3, bytes[2] <= 4 else { return false }
        let length = Int(bytes.network16(at: 3))
        return length > 0 && length <= (1 << 14) + 2048
    }
}
