import TimelineModel

/// The two ends of a session's connections, as far as addresses tell them.
struct Peers: Hashable, Sendable {
    let client: String
    let server: String
    let port: Int

    init(_ connection: ConnectionFacts) {
        self.client = connection.clientAddress
        self.server = connection.serverAddress
        self.port = connection.serverPort
    }
}

/// The times of which a capture does not hold everything, by session.
///
/// Missing bytes are noted when the first ones behind them came. They were sent at any time since the last that was
/// whole in their direction, and what follows them can be read only from the next that is whole again: the hole is all
/// of that. Which session they were of is not always known: then it may have been any one between the same two hosts.
struct CaptureHoles: Sendable {
    /// What is read by itself: one direction of a WebSocket, or both of HTTP, where an answer says nothing without its
    /// request.
    private struct Stream: Hashable {
        var connectionID: Int64
        /// Nil for both.
        var sender: Sender?
    }

    /// Bytes are missing, and nothing behind them has been read yet.
    private struct Open {
        var since: Timestamp
        /// The first bytes behind them.
        var behind: Timestamp
        var sessionID: Int64?
        var peers: Peers?
        /// What came with the missing bytes was to say whose all the rest is.
        var isToTheEnd = false
        /// When the last request behind them was answered.
        var answered: Timestamp?
    }

    private var times: [Stream: StreamTimes] = [:]
    /// Connections of which bytes are missing.
    private var gapped: Set<Int64> = []
    private var open: [Stream: Open] = [:]
    /// Those that are open, by whom they concern.
    private var openOf: [Int64: Set<Stream>] = [:]
    private var openBetween: [Peers: Set<Stream>] = [:]
    private var bySession: [Int64: SpanIndex] = [:]
    private var byPeers: [Peers: SpanIndex] = [:]

    // MARK: What is whole

    mutating func apply(_ frame: Frame) {
        // What TCP sent again may be older than what is missing.
        guard !frame.flags.contains(.retransmitted) else { return }
        let stream = Stream(connectionID: frame.connectionID, sender: frame.sender)
        self.times[stream, default: StreamTimes()].note(frame.at)
        guard !self.open.isEmpty, frame.transport == .websocket else { return }
        for stream in [stream, Stream(connectionID: frame.connectionID)] {
            guard let hole = self.open[stream], !hole.isToTheEnd, frame.at >= hole.behind else { continue }
            self.close(stream, at: frame.at)
        }
    }

    mutating func apply(_ exchange: ExchangeFacts) {
        let client = Stream(connectionID: exchange.connectionID, sender: .client)
        self.times[client, default: StreamTimes()].note(exchange.requested)
        if let ended = exchange.requestEnded { self.times[client]?.note(ended) }
        let server = Stream(connectionID: exchange.connectionID, sender: .server)
        for at in [exchange.answered, exchange.responded] {
            if let at { self.times[server, default: StreamTimes()].note(at) }
        }
        guard !self.open.isEmpty else { return }
        self.follow(exchange, Stream(connectionID: exchange.connectionID))
    }

    /// Behind missing bytes answers may be taken for those of other requests. Only where a request waited for the answer
    /// before, as it does, the two are together again.
    private mutating func follow(_ exchange: ExchangeFacts, _ stream: Stream) {
        guard let hole = self.open[stream], !hole.isToTheEnd, exchange.requested >= hole.behind else { return }
        if let answered = hole.answered, answered <= exchange.requested { return self.close(stream, at: answered) }
        self.open[stream]?.answered = exchange.responded
    }

    // MARK: What is not

    /// A connection of which too much is missing to tell what it carried is over, or will not come again.
    mutating func apply(_ connection: ConnectionFacts) {
        guard connection.application == .unknown, connection.missingBytes > 0,
            self.gapped.insert(connection.id).inserted
        else { return }
        let until = connection.closed ?? Timestamp(nanoseconds: .max)
        self.insert(ClosedRange(between: connection.opened, and: until), nil, Peers(connection))
    }

    /// - Parameters:
    ///   - connection: that of the anomaly, where it is known.
    ///   - session: the same.
    mutating func apply(_ anomaly: Anomaly, _ connection: ConnectionFacts?, _ session: SessionFacts?) {
        switch (anomaly.code, connection) {
        case ("tcp.gap", let connection?): self.lose(anomaly, connection, session)
        case ("websocket.undecoded-bytes", let connection?), ("http.undecoded-bytes", let connection?):
            self.leaveUnread(anomaly, connection)
        case ("har.bad-time", _):
            // It is the first of those without one: from there on nothing is known to be early or late.
            if let session = anomaly.sessionID {
                self.insert(anomaly.at...Timestamp(nanoseconds: .max), session, nil)
            }
        default:
            // Where no session was, none lost anything.
            if let session = anomaly.sessionID { self.insert(anomaly.at...anomaly.at, session, nil) }
        }
    }

    private mutating func lose(_ anomaly: Anomaly, _ connection: ConnectionFacts, _ session: SessionFacts?) {
        self.gapped.insert(connection.id)
        // Without the request that opened it a WebSocket may be of any session that was there.
        let isNameless = session.map { $0.sid == nil && !$0.completeHead && connection.completeHead } ?? false
        for sender in Self.senders(anomaly) {
            let times = self.times[Stream(connectionID: connection.id, sender: sender)]
            let stream = Stream(connectionID: connection.id, sender: connection.application == .http ? nil : sender)
            let before = self.open[stream]
            let since = min(times?.last(before: anomaly.at) ?? connection.opened, anomaly.at)
            let hole = Open(
                since: before.map { min($0.since, since) } ?? since,
                behind: before.map { max($0.behind, anomaly.at) } ?? anomaly.at, sessionID: anomaly.sessionID,
                peers: isNameless || Self.isOfAnySession(anomaly, connection) ? Peers(connection) : nil,
                isToTheEnd: isNameless)
            self.insert(hole.since...hole.behind, hole.sessionID, hole.peers)
            self.setOpen(stream, hole)
            if stream.sender != nil, !isNameless, let next = times?.first(from: anomaly.at) {
                self.close(stream, at: next)
            }
        }
    }

    /// Bytes of a connection could not be read, told at its end.
    private mutating func leaveUnread(_ anomaly: Anomaly, _ connection: ConnectionFacts) {
        for sender in [nil, Sender.client, .server] {
            self.close(Stream(connectionID: connection.id, sender: sender), at: anomaly.at)
        }
        // Those behind missing bytes lie before the next that could be read.
        guard !self.gapped.contains(connection.id) else { return }
        let peers = Self.isOfAnySession(anomaly, connection) ? Peers(connection) : nil
        let times = Sender.allCases.map { self.times[Stream(connectionID: connection.id, sender: $0)] }
        let firsts = times.compactMap { $0?.first }
        if !connection.completeHead, firsts.count == 2, let until = firsts.max() {
            // A stream that was joined in its middle is read from some place on, and then to its end.
            self.insert(min(connection.opened, until)...until, anomaly.sessionID, peers)
        } else {
            let lasts = times.map { $0?.last(before: anomaly.at) ?? connection.opened }
            let since = lasts.min() ?? connection.opened
            self.insert(min(since, anomaly.at)...anomaly.at, anomaly.sessionID, peers)
        }
    }

    private mutating func close(_ stream: Stream, at: Timestamp) {
        guard let hole = self.open[stream] else { return }
        self.setOpen(stream, nil)
        self.insert(ClosedRange(between: hole.since, and: at), hole.sessionID, hole.peers)
    }

    private mutating func setOpen(_ stream: Stream, _ hole: Open?) {
        if let old = self.open[stream] {
            if let session = old.sessionID { self.openOf[session]?.remove(stream) }
            if let peers = old.peers { self.openBetween[peers]?.remove(stream) }
        }
        self.open[stream] = hole
        guard let hole else { return }
        if let session = hole.sessionID { self.openOf[session, default: []].insert(stream) }
        if let peers = hole.peers { self.openBetween[peers, default: []].insert(stream) }
    }

    private mutating func insert(_ span: ClosedRange<Timestamp>, _ session: Int64?, _ peers: Peers?) {
        if let session { self.bySession[session, default: SpanIndex()].insert(span) }
        if let peers { self.byPeers[peers, default: SpanIndex()].insert(span) }
    }

    /// A request or an answer may have been of another session than those around it. What is encrypted is of none.
    private static func isOfAnySession(_ anomaly: Anomaly, _ connection: ConnectionFacts) -> Bool {
        switch connection.application {
        case .http: true
        case .tls: false
        case .unknown, .websocket: anomaly.sessionID == nil
        }
    }

    /// The side whose bytes are missing; both where the detail does not say.
    private static func senders(_ anomaly: Anomaly) -> [Sender] {
        let named = Sender.allCases.filter { anomaly.detail.contains("of the \($0.rawValue)'s stream") }
        return named.isEmpty ? Sender.allCases : named
    }

    // MARK: Asked

    /// Whether nothing is missing of a session in a span.
    func isWhole(
        _ span: ClosedRange<Timestamp>, session: Int64, _ peers: Peers?, _ connections: [Int64: ConnectionFacts]
    ) -> Bool {
        if self.bySession[session]?.first(meeting: span) != nil { return false }
        if let peers, self.byPeers[peers]?.first(meeting: span) != nil { return false }
        guard !self.open.isEmpty else { return true }
        let isOpen = { (streams: Set<Stream>?) in
            streams?.contains { stream in
                guard let hole = self.open[stream], hole.since <= span.upperBound else { return false }
                return connections[stream.connectionID]?.closed.map { $0 >= span.lowerBound } ?? true
            } ?? false
        }
        return !isOpen(self.openOf[session]) && !isOpen(peers.flatMap { self.openBetween[$0] })
    }

    /// Lets go of all sessions but some, and of connections that are not known any more.
    mutating func forget(sessionsBut kept: Set<Int64>, connections: [Int64: ConnectionFacts]) {
        self.bySession = self.bySession.filter { kept.contains($0.key) }
        self.byPeers = [:]
        self.times = self.times.filter { connections[$0.key.connectionID] != nil }
        self.gapped = self.gapped.filter { connections[$0] != nil }
        for stream in self.open.keys where connections[stream.connectionID] == nil { self.setOpen(stream, nil) }
        self.openOf = self.openOf.filter { !$0.value.isEmpty }
        self.openBetween = self.openBetween.filter { !$0.value.isEmpty }
    }
}
