public import TimelineModel

/// A capture as a timeline holds it: what is known of it, of its connections and of its sessions. The ids are the
/// file's.
public struct StoredCapture: Sendable {
    public let id: Int64
    public var facts: CaptureFacts
    /// Id of the first of the captures that were recorded together with it; nil where it is alone.
    var beside: Int64?
    public var connections: [ConnectionFacts] = []
    /// In the order of their beginnings.
    public var sessions: [SessionFacts] = []

    init(_ row: consuming RowColumns) {
        self.id = row.integer()
        self.facts = CaptureFacts(kind: row.word() ?? .pcap, source: row.text(), tap: row.word() ?? .unknown)
        self.facts.started = row.optionalTime()
        self.facts.ended = row.optionalTime()
        self.facts.completeHead = row.flag()
        self.facts.completeTail = row.flag()
        self.facts.droppedPackets = row.integer()
        self.facts.packets = row.integer()
        self.facts.bytes = row.integer()
        self.facts.otherRequests = row.integer()
        self.facts.cutPackets = min(max(0, row.integer()), max(0, self.facts.droppedPackets))
    }
}

extension ConnectionFacts {
    /// - Parameter row: of `read-connections.sql`.
    init(_ row: consuming RowColumns) {
        self.init(
            id: row.integer(), clientAddress: row.text(), clientPort: row.count(), serverAddress: row.text(),
            serverPort: row.count(), opened: row.time())
        self.closed = row.optionalTime()
        self.closedBy = row.word()
        self.closeKind = row.word()
        self.application = row.word() ?? .unknown
        self.clientKnownBy = row.word() ?? .source
        self.completeHead = row.flag()
        self.roundTripNs = row.optionalInteger()
        self.bytesClient = row.integer()
        self.bytesServer = row.integer()
        self.missingBytes = row.integer()
        self.undecodedBytes = row.integer()
        self.retransmittedSegments = row.integer()
        self.otherRequests = row.integer()
    }
}

extension SessionFacts {
    /// - Parameter row: of `read-sessions.sql`.
    init(_ row: consuming RowColumns) {
        self.init(id: row.integer(), sid: row.optionalText(), opened: .zero)
        self.engineIOVersion = row.optionalCount()
        self.socketIOVersion = row.optionalCount()
        self.parser = row.word()
        self.transports = row.text().split(separator: ",").compactMap { Transport(rawValue: String($0)) }
        self.path = row.optionalText()
        self.host = row.optionalText()
        self.pingIntervalMs = row.optionalCount()
        self.pingTimeoutMs = row.optionalCount()
        self.maxPayload = row.optionalCount()
        self.upgrades = row.optionalText()
        self.opened = row.time()
        self.ended = row.optionalTime()
        self.endClass = row.word()
        self.endedBy = row.word()
        self.closeCode = row.optionalInteger().flatMap(UInt16.init(exactly:))
        self.lineage = row.integer()
        self.framesClient = row.integer()
        self.framesServer = row.integer()
        self.userAgent = row.optionalText()
        self.origin = row.optionalText()
        self.forwardedFor = row.optionalText()
        self.completeHead = row.flag()
        self.completeTail = row.flag()
        self.holes = row.count()
    }
}

extension ExchangeFacts {
    /// - Parameter row: of `read-exchanges.sql`.
    init(_ row: consuming RowColumns) {
        let (id, connection, session) = (row.integer(), row.integer(), row.optionalInteger())
        let (method, target, status) = (row.text(), row.text(), row.optionalCount())
        self.init(id: id, connectionID: connection, method: method, target: target, requested: row.time())
        self.sessionID = session
        self.status = status
        self.requestEnded = row.optionalTime()
        self.answered = row.optionalTime()
        self.responded = row.optionalTime()
        self.requestBytes = row.count()
        self.responseBytes = row.count()
        self.errorCode = row.optionalCount()
        self.errorMessage = row.optionalText()
        self.errorBody = row.optionalText()
        self.userAgent = row.optionalText()
        self.origin = row.optionalText()
        self.requestType = row.optionalText()
        self.upgrade = row.optionalText()
        self.forwardedFor = row.optionalText()
        self.responseType = row.optionalText()
        self.allowOrigin = row.optionalText()
        self.extensions = row.optionalText()
        self.server = row.optionalText()
    }
}

extension Anomaly {
    /// - Parameter row: of `read-anomalies.sql`.
    init(_ row: consuming RowColumns) {
        let (session, connection, frame) = (row.optionalInteger(), row.optionalInteger(), row.optionalInteger())
        let (at, code) = (row.time(), row.text())
        self.init(
            Code(stringLiteral: code), at: at, detail: row.text(), sessionID: session, connectionID: connection,
            frameID: frame)
    }
}
