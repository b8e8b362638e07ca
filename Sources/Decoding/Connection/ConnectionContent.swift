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

    private var kind = Kind.unknown(looks: 0)

    /// Nothing told yet what it is: `look` has to.
    var isUnknown: Bool {
        if case .unknown = self.kind { true } else { false }
    }

    /// There is a lane that reads it.
    var isRead: Bool {
        switch self.kind {
        case .http, .webSocket: true
        case .unknown, .other: false
        }
    }

    /// Looks whether these bytes tell what the connection carries.
    ///
    /// - Parameters:
    ///   - isMidStream: its beginning, or something since, was not seen.
    ///   - scope: asked for only where it is something to tell of.
    func look(_ bytes: Span<UInt8>, isMidStream: Bool, at: Timestamp, _ scope: () -> ConnectionScope) {
        guard case .unknown(let looks) = self.kind else { return }
        // From its start on a connection may be HTTP in small pieces.
        let mayBeHTTP = !isMidStream && looks == 0 && HTTPStreamDecoder.mayBeHTTP(bytes)
        if bytes.has("PRI * HTTP/2.0", at: 0) {
            scope().add(
                Anomaly("http.http2-not-read", at: at, detail: "an HTTP/2 connection: what it carries is not decoded"))
            self.kind = .other
        } else if HTTPStreamDecoder.looksLikeHTTP(bytes) || mayBeHTTP {
            self.kind = .http(HTTPLane(scope()))
        } else if Self.isTLS(bytes) {
            let scope = scope()
            scope.facts.application = .tls
            scope.add(
                Anomaly(
                    "tls.not-decrypted", at: at,
                    detail: "a TLS connection: what it carries is not decrypted"))
            self.kind = .other
        } else if isMidStream, WebSocketBoundary.isProven(bytes, masked: nil, mayBeCompressed: true) {
            let scope = scope()
            let lane = WebSocketLane(scope, nil)
            self.kind = .webSocket(WebSocketStreams(midStream: lane, scope), lane)
        } else if !isMidStream || looks + 1 >= Self.looks {
            self.kind = .other
        } else {
            self.kind = .unknown(looks: looks + 1)
        }
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
