import TimelineModel
import Wire

/// One TCP connection: finds out which end is the client and what it carries, and hands its streams to the lane for
/// that.
final class ConnectionLane {
    private enum Content {
        /// Nothing seen that tells; counts the segments that were looked at.
        case unknown(looks: Int)
        case http(HTTPLane)
        /// Joined mid-stream.
        case webSocket(WebSocketStreams, WebSocketLane)
        /// Something else; its bytes are passed over.
        case other
    }

    /// After so many segments without a sign a connection is left alone.
    private static let looks = 64

    let key: FlowKey
    /// Ascends in the order in which connections were met.
    let serial: Int
    let connection: TCPConnection
    private let context: DecodingContext
    private let servers: KnownServers
    private var content = Content.unknown(looks: 0)
    private var scope: ConnectionScope?
    private let opened: Timestamp
    private(set) var lastSegment: Timestamp
    private var clientSide: FlowSide?
    private var evidence = ClientEvidence.port
    /// Its SYN was not seen. Here and not asked of `connection`, which is busy while it hands out bytes.
    private var isMidStream = true
    private lazy var holdID = self.context.log.makeHoldID()
    private var isHolding = false
    /// Nothing more is to be had from it.
    private(set) var isFinished = false
    /// What was missing before anything told what the connection carries.
    private var earlyGaps: [(side: FlowSide, count: Int, at: Timestamp)] = []
    /// The first FIN, where it came before that as well.
    private var earlyFin: (side: FlowSide, at: Timestamp)?
    private var clocks = ConnectionClocks()

    init(
        _ connection: TCPConnection, serial: Int, _ context: DecodingContext, _ servers: KnownServers, at: Timestamp
    ) {
        self.key = connection.key
        self.serial = serial
        self.connection = connection
        self.context = context
        self.servers = servers
        self.opened = at
        self.lastSegment = at
    }

    var isOver: Bool { self.connection.isOver }
    var openedAt: Timestamp { self.opened }

    func receive(_ segment: Segment, _ payload: Span<UInt8>) {
        if self.lastSegment < segment.at { self.lastSegment = segment.at }
        guard !self.isFinished else { return }
        if let value = segment.timestampValue,
            let step = self.clocks.receive(value, from: self.connection.side(segment), at: segment.at)
        {
            self.context.clockSteps.leftBehind(step)
        }
        let wasReset = self.connection.resetBy != nil
        if segment.flags.contains(.syn) {
            self.connection.noteHandshake(segment)
            self.learnFromSyn()
        }
        self.connection.receive(segment, payload) {
            self.updateHold()
        } _: { side, event, bytes in
            self.handle(side, event, bytes)
        }
        if !wasReset, let side = self.connection.resetBy { self.handleReset(side, at: segment.at) }
        self.updateHold()
        // Both FINs are there, so nothing more can come: what it needs memory for is let go at once. After a reset more
        // may come, where that was forged.
        if self.connection.isOver, self.connection.resetBy == nil { self.finish(at: segment.at) }
    }

    /// The last of this connection: held bytes come out, rows are written.
    func finish(at: Timestamp) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.connection.finish { side, event, bytes in self.handle(side, event, bytes) }
        switch self.content {
        case .http(let lane): lane.finish(at: at)
        case .webSocket(let streams, let lane):
            streams.finish(at: at)
            lane.finish()
        case .unknown, .other: break
        }
        self.updateHold()
        let scope = self.scope ?? self.makeScope()
        scope.finish(at: at)
        scope.close(.captureEnd, by: nil, at: at)
        if scope.facts.closeKind == .captureEnd { scope.facts.closed = nil }
        self.context.log.add(self.facts(scope))
        self.content = .other
        self.scope = nil
    }

    /// The facts as they are now, for a timeline that is written while the connection lives.
    func currentFacts() -> ConnectionFacts? { self.scope.map { self.facts($0) } }

    private func facts(_ scope: ConnectionScope) -> ConnectionFacts {
        var facts = scope.facts
        let client = self.clientSide ?? .low
        facts.roundTripNs = self.connection.roundTripNs
        facts.bytesClient = self.connection.bytes(client)
        facts.bytesServer = self.connection.bytes(client.other)
        facts.missingBytes = self.connection.missingBytes
        facts.retransmittedSegments = self.connection.retransmittedSegments
        facts.completeHead = !self.isMidStream
        facts.clientKnownBy = self.evidence
        return facts
    }

    // MARK: Streams

    private func handle(_ side: FlowSide, _ event: StreamEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .bytes(let facts):
            if case .unknown(let looks) = self.content { self.look(bytes, side, looks, facts.at) }
            switch self.content {
            case .http(let lane):
                lane.receive(bytes, facts, from: self.sender(side))
                // What a proxy was asked to pass on is looked at as if the connection began with it.
                if lane.isTunnel { self.content = .unknown(looks: 0) }
            case .webSocket(let streams, _): streams.receive(bytes, facts, from: self.sender(side))
            case .unknown, .other: break
            }
        case .gap(let count, let at):
            self.handleGap(side, count, at)
        case .fin(let at):
            guard let scope = self.scope else {
                self.earlyFin = self.earlyFin ?? (side, at)
                return
            }
            let sender = self.sender(side)
            self.handleEnd(sender, at: at, reset: false)
            scope.close(.fin, by: sender, at: at)
        }
    }

    private func handleGap(_ side: FlowSide, _ count: Int, _ at: Timestamp) {
        let sender: Sender
        switch self.content {
        case .unknown:
            self.earlyGaps.append((side, count, at))
            return
        case .other:
            return
        case .http(let lane):
            sender = self.sender(side)
            lane.gap(count, at: at, from: sender)
        case .webSocket(let streams, _):
            sender = self.sender(side)
            streams.gap(count, at: at, from: sender)
        }
        guard let scope = self.scope else { return }
        scope.session?.noteHole()
        scope.add(
            Anomaly("tcp.gap", at: at, detail: "the capture misses \(count) bytes that the \(sender.rawValue) sent"))
    }

    private func handleReset(_ side: FlowSide, at: Timestamp) {
        let sender = self.sender(side)
        self.handleEnd(sender, at: at, reset: true)
        (self.scope ?? self.makeScope()).close(.rst, by: sender, at: at)
    }

    private func handleEnd(_ sender: Sender, at: Timestamp, reset: Bool) {
        switch self.content {
        case .http(let lane): lane.ended(by: sender, at: at, reset: reset)
        case .webSocket(_, let lane): lane.transportEnded(reset ? .rst : .fin, by: sender, at: at)
        case .unknown, .other: break
        }
    }

    /// Frames of other connections must wait while this one may still give older ones.
    private func updateHold() {
        let since = self.connection.heldSince
        guard (since != nil) != self.isHolding else { return }
        self.isHolding = since != nil
        self.context.log.hold(self.holdID, since: since)
    }

    // MARK: What it carries

    private func look(_ bytes: Span<UInt8>, _ side: FlowSide, _ looks: Int, _ at: Timestamp) {
        // Behind a gap it is as if the connection was joined here.
        let isMidStream = self.isMidStream || !self.earlyGaps.isEmpty
        let isHTTP = HTTPStreamDecoder.looksLikeHTTP(bytes)
        if isHTTP, self.clientSide == nil || self.evidence == .port {
            self.learn(client: bytes.has("HTTP/1.", at: 0) ? side.other : side, by: .http)
        }
        // From its start on a connection may be HTTP in small pieces.
        let mayBeHTTP = !isMidStream && looks == 0 && HTTPStreamDecoder.mayBeHTTP(bytes)
        if bytes.has("PRI * HTTP/2.0", at: 0) {
            self.makeScope().add(
                Anomaly("http.http2-not-read", at: at, detail: "an HTTP/2 connection: what it carries is not decoded"))
            self.content = .other
        } else if isHTTP || mayBeHTTP {
            self.content = .http(HTTPLane(self.makeScope()))
        } else if Self.isTLS(bytes) {
            let scope = self.makeScope()
            scope.facts.application = .tls
            scope.add(
                Anomaly(
                    "tls.not-decrypted", at: at,
                    detail: "a TLS connection: what it carries is not decrypted"))
            self.content = .other
        } else if isMidStream,
            WebSocketBoundary.isProven(bytes, masked: nil, mayBeCompressed: true)
        {
            let scope = self.makeScope()
            let lane = WebSocketLane(scope, nil)
            self.content = .webSocket(WebSocketStreams(midStream: lane, scope), lane)
        } else if !isMidStream || looks + 1 >= Self.looks {
            self.content = .other
        } else {
            self.content = .unknown(looks: looks + 1)
            return
        }
        let gaps = self.earlyGaps
        self.earlyGaps = []
        for gap in gaps { self.handleGap(gap.side, gap.count, gap.at) }
    }

    /// A record of TLS 1.0 to 1.3: handshake at the start, application data mid-stream. Source: RFC 8446, section 5.1.
    private static func isTLS(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 5, bytes[0] >= 0x14, bytes[0] <= 0x17, bytes[1] == 3, bytes[2] <= 4 else { return false }
        let length = Int(bytes.network16(at: 3))
        return length > 0 && length <= (1 << 14) + 2048
    }

    // MARK: Client and server

    private func learnFromSyn() {
        guard let initiator = self.connection.initiator else { return }
        self.isMidStream = false
        self.learn(client: initiator, by: .syn)
    }

    private func learn(client: FlowSide, by evidence: ClientEvidence) {
        guard self.scope == nil else { return }
        self.clientSide = client
        self.evidence = evidence
        self.servers.add(self.key.endpoint(client.other))
    }

    private func sender(_ side: FlowSide) -> Sender {
        side == self.client() ? .client : .server
    }

    private func client() -> FlowSide {
        if let side = self.clientSide { return side }
        let low = self.key.low
        let high = self.key.high
        let known: FlowSide? =
            self.servers.contains(low) == self.servers.contains(high)
            ? nil : self.servers.contains(low) ? .high : .low
        self.evidence = known == nil ? .port : .endpoint
        // Servers listen on low ports; `low` is the end with the lower one.
        let side = known ?? .high
        self.clientSide = side
        return side
    }

    private func makeScope() -> ConnectionScope {
        if let scope = self.scope { return scope }
        let side = self.client()
        let client = self.key.endpoint(side)
        let server = self.key.endpoint(side.other)
        var facts = ConnectionFacts(
            id: self.context.log.makeConnectionID(), clientAddress: client.addressText, clientPort: Int(client.port),
            serverAddress: server.addressText, serverPort: Int(server.port), opened: self.opened)
        facts.completeHead = !self.isMidStream
        let scope = ConnectionScope(facts, self.context)
        self.scope = scope
        if let fin = self.earlyFin { scope.close(.fin, by: self.sender(fin.side), at: fin.at) }
        return scope
    }
}

/// Ends of connections that are known to be servers, for connections of which the beginning was not seen.
final class KnownServers {
    private var endpoints: Set<Endpoint> = []

    func add(_ endpoint: Endpoint) { self.endpoints.insert(endpoint) }
    func contains(_ endpoint: Endpoint) -> Bool { self.endpoints.contains(endpoint) }
}
