import TimelineModel
import Wire

/// One TCP connection: finds out which end is the client and what it carries, and hands its streams to the lane for
/// that.
final class ConnectionLane: OpenConnection {
    let key: FlowKey
    /// Ascends in the order in which connections were met.
    let serial: Int
    let connection: TCPConnection
    private let context: DecodingContext
    private let servers: KnownServers
    private let content = ConnectionContent()
    private var scope: ConnectionScope?
    private let opened: Timestamp
    private(set) var lastSegment: Timestamp
    private var clientSide: FlowSide?
    private var evidence = ClientEvidence.port
    /// Its SYN was not seen. Here and not asked of `connection`, which is busy while it hands out bytes.
    private var isMidStream = true
    private lazy var holdID = self.context.log.makeHoldID()
    private var isHolding = false
    /// What comes out now must wait until it is its turn.
    private var isOrdering = false
    private var order: StreamOrder
    /// Nothing more is to be had from it.
    private(set) var isFinished = false
    var isChanged = false
    private static let earlyGapLimit = 64
    /// What was missing before anything told what the connection carries; so many, at most.
    private var earlyGaps: [(side: FlowSide, count: Int, offset: Int64, at: Timestamp)] = []
    /// Bytes that came or were missed of each side. Here and not asked of `connection`, as above.
    private var positions: (low: Int64, high: Int64) = (0, 0)
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
        self.order = StreamOrder(limitBytes: context.limits.heldBytes)
    }

    /// Time alone makes a difference to it.
    var isWaiting: Bool { self.connection.hasHole || !self.order.isEmpty }
    var isOver: Bool { self.connection.isOver }
    var openedAt: Timestamp { self.opened }

    func receive(_ segment: Segment, _ payload: Span<UInt8>) {
        if self.lastSegment < segment.at { self.lastSegment = segment.at }
        guard !self.isFinished else { return }
        self.context.changes?.add(self)
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
        if self.isOrdering { self.handInOrder() }
        if !wasReset, let side = self.connection.resetBy { self.handleReset(side, at: segment.at) }
        self.updateHold()
        self.finishIfOver(at: segment.at)
    }

    /// All packets until then have been given: what time alone gives up comes out.
    func tick(at: Timestamp) {
        guard !self.isFinished else { return }
        self.connection.tick(at: at) { side, event, bytes in
            self.context.changes?.add(self)
            self.handle(side, event, bytes)
        }
        self.updateHold()
        self.finishIfOver(at: at)
    }

    /// Both FINs are there, so nothing more can come: what it needs memory for is let go at once. After a reset more
    /// may come, where that was forged.
    private func finishIfOver(at: Timestamp) {
        if self.connection.isOver, self.connection.resetBy == nil { self.finish(at: at) }
    }

    /// The last of this connection: held bytes come out, rows are written.
    func finish(at: Timestamp) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.connection.finish { side, event, bytes in self.handle(side, event, bytes) }
        self.handInOrder()
        let showedNothing = self.content.showedNothing
        self.content.finish(at: at)
        self.updateHold()
        let scope = self.scope ?? self.makeScope()
        if showedNothing { self.tellWhatIsMissing(scope) }
        scope.finish(at: at)
        scope.close(.captureEnd, by: nil, at: at)
        if scope.facts.closeKind == .captureEnd { scope.facts.closed = nil }
        self.context.log.add(self.facts(scope))
        self.scope = nil
    }

    func currentFacts() -> ConnectionFacts? { self.scope.map { self.facts($0) } }
    func openExchanges() -> [ExchangeFacts] { self.content.openExchanges() }

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

    /// What a connection begins with may be HTTP.
    private var needsOrder: Bool { self.content.needsOrder || (self.content.isUnknown && !self.isMidStream) }

    private func handle(_ side: FlowSide, _ event: StreamEvent, _ bytes: Span<UInt8>) {
        if self.isOrdering || event.isGap, self.needsOrder {
            self.isOrdering = true
            return self.order.add(side, event, bytes, isClient: side == self.client())
        }
        self.pass(side, event, bytes)
    }

    /// Hands on what waited, as far as it is its turn. Where nothing is paired any more, all of it is.
    private func handInOrder() {
        while let piece = self.order.next(
            client: self.client(), heldSince: { self.needsOrder ? self.connection.heldSince($0) : nil })
        {
            if case .gap = piece.event, piece.side != self.client(), self.connection.lacksBytes(self.client()) {
                self.content.lackRequests()
            }
            self.pass(piece.side, piece.event, piece.bytes.span)
        }
    }

    private func pass(_ side: FlowSide, _ event: StreamEvent, _ bytes: Span<UInt8>) {
        switch event {
        case .bytes(let facts):
            self.advance(side, bytes.count)
            if self.content.isUnknown, self.look(bytes, side, facts) { return }
            if self.content.isRead { self.content.receive(bytes, facts, from: self.sender(side)) }
        case .gap(let count, let at):
            self.handleGap(side, count, offset: self.advance(side, count), at)
        case .fin(let at):
            guard let scope = self.scope else {
                self.earlyFin = self.earlyFin ?? (side, at)
                return
            }
            let sender = self.sender(side)
            self.content.ended(by: sender, at: at, reset: false)
            scope.close(.fin, by: sender, at: at)
        }
    }

    /// Answers where it was before.
    @discardableResult
    private func advance(_ side: FlowSide, _ count: Int) -> Int64 {
        let before = side == .low ? self.positions.low : self.positions.high
        if side == .low { self.positions.low += Int64(count) } else { self.positions.high += Int64(count) }
        return before
    }

    private func handleGap(_ side: FlowSide, _ count: Int, offset: Int64, _ at: Timestamp) {
        if self.content.isUnknown {
            self.content.earlyGap(direction: side.rawValue)
            return self.addEarlyGap(side, count, offset: offset, at)
        }
        guard self.content.isRead else { return }
        let sender = self.sender(side)
        self.content.gap(count, at: at, from: sender)
        self.scope?.addGap(count, offset: offset, at: at, from: sender)
    }

    /// One of many is told with the one before it of the same end: there are as many as segments where a snap length
    /// cut all of them.
    private func addEarlyGap(_ side: FlowSide, _ count: Int, offset: Int64, _ at: Timestamp) {
        if self.earlyGaps.count >= Self.earlyGapLimit,
            let index = self.earlyGaps.lastIndex(where: { $0.side == side })
        {
            self.earlyGaps[index].count += count
        } else {
            self.earlyGaps.append((side, count, offset, at))
        }
    }

    /// Nothing at all was seen of what it carried, and all of it is missing: one gap an end.
    private func tellWhatIsMissing(_ scope: ConnectionScope) {
        for side in FlowSide.allCases {
            let gaps = self.earlyGaps.filter { $0.side == side }
            guard let first = gaps.first else { continue }
            scope.addGap(
                gaps.reduce(0) { $0 + $1.count }, offset: first.offset, at: first.at, from: self.sender(side))
        }
        self.earlyGaps = []
    }

    private func handleReset(_ side: FlowSide, at: Timestamp) {
        let sender = self.sender(side)
        self.content.ended(by: sender, at: at, reset: true)
        (self.scope ?? self.makeScope()).close(.rst, by: sender, at: at)
    }

    /// Frames of other connections must wait while this one may still give older ones.
    private func updateHold() {
        if self.isOrdering { self.handInOrder() }
        var since = self.connection.heldSince
        self.isOrdering = (since != nil && self.needsOrder) || !self.order.isEmpty
        if let waits = self.content.waitsSince { since = min(since ?? waits, waits) }
        guard (since != nil) != self.isHolding else { return }
        self.isHolding = since != nil
        self.context.log.hold(self.holdID, since: since)
    }

    // MARK: What it carries

    /// Looks what the connection carries; true where that has read these bytes already.
    private func look(_ bytes: Span<UInt8>, _ side: FlowSide, _ facts: ChunkFacts) -> Bool {
        // Behind a gap it is as if the connection was joined here.
        let isMidStream = self.isMidStream || !self.earlyGaps.isEmpty
        if HTTPStreamDecoder.looksLikeHTTP(bytes), self.clientSide == nil || self.evidence == .port {
            self.learn(client: bytes.has("HTTP/1.", at: 0) ? side.other : side, by: .http)
        }
        self.content.look(
            bytes, facts, direction: side.rawValue, isMidStream: isMidStream, { self.makeScope() },
            sender: self.sender(direction:), self.context.limits)
        guard !self.content.isUnknown else { return false }
        let gaps = self.earlyGaps
        self.earlyGaps = []
        for gap in gaps { self.handleGap(gap.side, gap.count, offset: gap.offset, gap.at) }
        return self.content.handOn(self.sender(direction:))
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

    private func sender(direction: Int) -> Sender {
        self.sender(direction == FlowSide.low.rawValue ? .low : .high)
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

extension StreamEvent {
    fileprivate var isGap: Bool {
        if case .gap = self { true } else { false }
    }
}

/// Ends of connections that are known to be servers, for connections of which the beginning was not seen.
final class KnownServers {
    private let limit: Int
    private var endpoints: Set<Endpoint> = []

    /// - Parameter limit: so many are known at most; further ones are not remembered.
    init(limit: Int) {
        self.limit = limit
    }

    func add(_ endpoint: Endpoint) {
        if self.endpoints.count < self.limit { self.endpoints.insert(endpoint) }
    }

    func contains(_ endpoint: Endpoint) -> Bool { self.endpoints.contains(endpoint) }
}
