public import TimelineModel

/// What is known of a session while its frames go by: the terms that all rules share (protocol catalogue, 3.0). Kept by
/// the judge, read by the rules; a rule's own memory is its own.
public struct SessionState: Sendable {
    /// In a stored timeline already with the session's end, while it runs with what is known so far. Rules read the end
    /// only when they are told that the session has ended.
    public internal(set) var facts: SessionFacts
    public let tap: TapPosition
    /// The address the client came from; empty where the source does not know.
    public let clientAddress: String
    /// The ends of its first connection; nil where the source does not know them.
    let peers: Peers?
    /// The source gives what both sides sent, and not what happened to be captured of the wire.
    let holdsBothSides: Bool
    /// The smallest round trip seen: SYN to SYN-ACK, a POST's turn-round, at a server's tap also ping to pong. Nil where
    /// only messages were recorded.
    public private(set) var roundTripNs: Int64?
    public private(set) var heartbeat: HeartbeatState
    public private(set) var namespaces = NamespaceTable()
    public private(set) var upgrade = UpgradeState()
    public private(set) var closes = CloseState()
    public private(set) var server = ServerEvidence()
    /// The open packet.
    public private(set) var open: Mark?
    /// The server's first Engine.IO packet.
    public private(set) var firstPacketFromServer: Mark?
    /// The first and last frame of each side.
    public private(set) var firstFromClient: Mark?
    public private(set) var lastFromClient: Mark?
    public private(set) var lastFromServer: Mark?
    /// The biggest message that the client sent, in bytes after inflate.
    public private(set) var largestFromClient = 0
    /// The session's polls.
    public private(set) var polls = PollingState()
    /// A request of the session named the version in its target.
    public private(set) var isVersionNamed = false
    /// The connection of the last frame over WebSocket.
    public private(set) var webSocketID: Int64?
    /// When the capture ends: an absence cannot be told behind it.
    public internal(set) var seenUntil: Timestamp
    /// Every CONNECT of the client and what became of it.
    public private(set) var connects = ConnectAttempts()
    /// Events that asked for acks, and the acks. It has taken in the frame that is being judged.
    public private(set) var acks = AckTable()
    /// What was announced and has not come.
    public private(set) var attachments = AttachmentState()
    /// Where the namespace of the frame that is being judged stands; nil where nobody spoke of it yet.
    public private(set) var standing: NamespaceState?
    /// The client sent a message, whatever it was, or what was no packet at all.
    public private(set) var hasClientMessage = false
    /// A packet of Socket.IO was read, from either side.
    public private(set) var hasSocketIOPacket = false
    /// The big messages of each direction: what a ping or pong had to wait behind.
    public private(set) var bulk = BulkState()
    /// The last frames, for who asks what came before the end.
    private(set) var recent = RecentFrames()

    init(_ facts: SessionFacts, _ capture: CaptureState, connection: ConnectionFacts?) {
        self.facts = facts
        self.tap = capture.facts.tap
        self.clientAddress = connection?.clientAddress ?? ""
        self.holdsBothSides = capture.facts.kind != .pcap && capture.facts.kind != .live
        self.peers = connection.map { Peers($0) }
        self.heartbeat = HeartbeatState(engineIOVersion: facts.engineIOVersion)
        self.seenUntil = capture.facts.ended ?? facts.ended ?? facts.opened
        if let roundTrip = connection?.roundTripNs { self.noteRoundTrip(roundTrip) }
    }

    // MARK: The session's terms

    public var isEngineIO4: Bool { self.facts.engineIOVersion == 4 }
    public var isEngineIO3: Bool { self.facts.engineIOVersion == 3 }
    public var isMessagePack: Bool { self.facts.parser == .msgpack }
    /// Its messages are Socket.IO packets, as far as is known.
    public var isSocketIO: Bool { self.facts.socketIOVersion != nil }

    /// pingInterval and pingTimeout of the open packet, in nanoseconds; nil where it is not known or says nonsense.
    public var pingIntervalNs: Int64? { Self.nanoseconds(self.facts.pingIntervalMs) }
    public var pingTimeoutNs: Int64? { Self.nanoseconds(self.facts.pingTimeoutMs) }

    private static func nanoseconds(_ milliseconds: Int?) -> Int64? {
        guard let milliseconds, milliseconds > 0, milliseconds <= 1 << 40 else { return nil }
        return Int64(milliseconds) * 1_000_000
    }

    /// How much later than due a thing may be: max(200 ms, 3 round trips, 2 % of pingInterval).
    public var slackNs: Int64 {
        max(200_000_000, 3 * (self.roundTripNs ?? 0), (self.pingIntervalNs ?? 0) / 50)
    }

    /// Within which a peer's reaction counts as one: max(1 s, 3 round trips).
    public var reactionNs: Int64 {
        max(1_000_000_000, 3 * (self.roundTripNs ?? 0))
    }

    /// Until when the session lasted: its end, else the end of the capture.
    public var lastMoment: Timestamp {
        self.facts.endClass == .captureEnd ? self.seenUntil : self.facts.ended ?? self.seenUntil
    }

    /// Whether the session runs over a WebSocket now.
    public var isOnWebSocket: Bool {
        self.upgrade.upgrade != nil || self.facts.transports.first == .websocket
    }

    // MARK: Following it

    /// Before a frame is judged.
    mutating func meet(_ frame: Frame) {
        guard frame.socketIOType != nil else { return }
        self.standing = self.namespaces[frame.namespace ?? "/"]
        self.acks.meet(frame)
    }

    mutating func apply(_ anomaly: Anomaly) {
        if anomaly.code.isHole {
            self.acks.lose()
            self.attachments.lose()
        } else if anomaly.code == "socketio.space-before-payload" {
            self.acks.forgetZero()
        } else if anomaly.code == "socketio.attachment-interleaved" {
            if let frame = self.recent.frame(anomaly.frameID) { self.attachments.interrupt(frame.sender) }
        }
    }

    /// The session is over and has been judged: what only its own rules needed is given back.
    mutating func retire() {
        self.acks = AckTable()
    }

    mutating func apply(_ frame: Frame) {
        if frame.sender == .client {
            if !self.hasClientMessage, frame.layer == .engineio,
                frame.engineIOType == .message || frame.engineIOType == nil
            {
                self.hasClientMessage = true
            }
            if self.firstFromClient == nil { self.firstFromClient = Mark(frame) }
            self.lastFromClient = Mark(frame)
            self.largestFromClient = max(self.largestFromClient, frame.sizeBytes)
        } else {
            self.lastFromServer = Mark(frame)
            if self.firstPacketFromServer == nil, frame.layer == .engineio { self.firstPacketFromServer = Mark(frame) }
        }
        if frame.transport == .websocket {
            self.webSocketID = frame.connectionID
            if frame.sender == .client, frame.layer == .engineio, !frame.isProbe {
                self.upgrade.noteClient(on: frame.connectionID)
            }
        }
        if let type = frame.socketIOType {
            self.hasSocketIOPacket = true
            self.attachments.apply(frame)
            if type == .connect || type == .connectError || type == .disconnect {
                if type == .disconnect { self.acks.abandon(frame.namespace ?? "/", frame) }
                self.namespaces.apply(frame)
                self.connects.apply(frame)
                self.server.apply(frame)
            }
        } else {
            self.applyOther(frame)
        }
        self.bulk.apply(frame)
        self.recent.append(frame)
    }

    private mutating func applyOther(_ frame: Frame) {
        switch frame.engineIOType {
        case .open:
            if self.open == nil { self.open = Mark(frame) }
            if self.isEngineIO3 { self.namespaces.connectRoot(frame) }
            self.server.apply(frame)
        case .ping, .pong:
            self.measure(frame)
            self.heartbeat.apply(frame)
            self.upgrade.apply(frame)
        case .upgrade:
            if frame.sender == .client { self.polls.leave(at: frame.at) }
            self.upgrade.apply(frame)
        default:
            let isFirst = self.closes.first == nil
            self.closes.apply(frame)
            if isFirst, let close = self.closes[.server] { self.server.applyClose(code: close.code) }
        }
    }

    /// At a server's tap a pong shows the round trip.
    private mutating func measure(_ frame: Frame) {
        guard self.tap == .server, frame.engineIOType == .pong, !frame.isProbe,
            frame.sender == .client, let ping = self.heartbeat.outstanding
        else { return }
        self.noteRoundTrip(frame.at.nanoseconds(since: ping.at))
    }

    mutating func apply(_ exchange: ExchangeFacts, connection: ConnectionFacts?) {
        if let roundTrip = connection?.roundTripNs { self.noteRoundTrip(roundTrip) }
        if exchange.method == "POST", exchange.status == 200, let ended = exchange.requestEnded,
            let answered = exchange.answered
        {
            self.noteRoundTrip(answered.nanoseconds(since: ended))
        }
        self.server.apply(exchange)
        self.polls.apply(exchange, connection: connection)
        self.upgrade.apply(exchange, connection: connection)
        if RequestTarget(exchange.target).eio != nil { self.isVersionNamed = true }
        self.bulk.apply(exchange)
    }

    /// A connection that may be one of its own has ended: news only while a capture is recorded.
    mutating func apply(closed connection: ConnectionFacts) {
        if let closed = connection.closed { self.upgrade.close(connection.id, at: closed) }
    }

    private mutating func noteRoundTrip(_ nanoseconds: Int64) {
        guard nanoseconds >= 0 else { return }
        // Beyond an hour it is no round trip, and three of them must not overflow.
        self.roundTripNs = min(self.roundTripNs ?? .max, nanoseconds, 3_600_000_000_000)
    }
}
