internal import GRDBSQLite
internal import TimelineModel

/// The rows of one capture: its statements, its id, and how far its ids are moved.
///
/// The order of the `add`s is the order of the columns in the statement's file.
struct CaptureRows {
    let shift: IDShift
    /// What the rows of the batch at hand are moved by.
    private var used: IDShift
    private let connection: SQLiteConnection
    let captureID: Int64
    private let frameInsert: FrameInsert
    private let connectionWrite: SQLiteStatement
    private let sessionWrite: SQLiteStatement
    private let exchangeWrite: SQLiteStatement
    private let anomalyInsert: SQLiteStatement

    /// Writes the capture's own row.
    ///
    /// - Parameters:
    ///   - shift: of those that begin together with it, made before any of them wrote.
    ///   - beside: the first of those; nil where it is alone.
    init(
        beginning facts: CaptureFacts, toolVersion: String, shift: IDShift, beside: Int64?,
        in connection: SQLiteConnection
    ) throws(TimelineError) {
        self.connection = connection
        self.shift = shift
        self.used = shift
        self.frameInsert = try FrameInsert(connection)
        self.connectionWrite = try SQLiteStatement(connection, SQLText.writeConnection)
        self.sessionWrite = try SQLiteStatement(connection, SQLText.writeSession)
        self.exchangeWrite = try SQLiteStatement(connection, SQLText.writeExchange)
        self.anomalyInsert = try SQLiteStatement(connection, SQLText.insertAnomaly)

        let row = try SQLiteStatement(connection, SQLText.beginCapture)
        row.add(facts.kind)
        row.add(facts.source)
        row.add(facts.tap)
        row.add(facts.started)
        row.add(facts.ended)
        row.add(toolVersion)
        Self.addCounts(of: facts, to: row)
        row.add(beside)
        row.add(facts.redacted)
        try row.run()
        self.captureID = sqlite3_last_insert_rowid(connection.handle)
    }

    /// Notes that it is recorded together with others, of which this is the first.
    func standBeside(_ first: Int64) throws(TimelineError) {
        let row = try SQLiteStatement(self.connection, SQLText.standBeside)
        row.add(first)
        row.add(self.captureID)
        try row.run()
    }

    /// Writes the newest facts to the capture's row.
    func update(_ facts: CaptureFacts) throws(TimelineError) {
        let row = try SQLiteStatement(self.connection, SQLText.endCapture)
        row.add(facts.kind)
        row.add(facts.source)
        row.add(facts.tap)
        row.add(facts.started)
        row.add(facts.ended)
        Self.addCounts(of: facts, to: row)
        row.add(self.captureID)
        try row.run()
    }

    private static func addCounts(of facts: CaptureFacts, to row: SQLiteStatement) {
        row.add(facts.completeHead)
        row.add(facts.completeTail)
        row.add(facts.droppedPackets)
        row.add(facts.packets)
        row.add(facts.bytes)
        row.add(facts.otherRequests)
    }

    /// - Parameter hasFileIDs: the batch went through `shift` already.
    mutating func write(_ batch: TimelineBatch, hasFileIDs: Bool = false) throws(TimelineError) {
        self.used = hasFileIDs ? .none : self.shift
        for facts in batch.connections { try self.write(facts) }
        for facts in batch.sessions { try self.write(facts) }
        for facts in batch.exchanges { try self.write(facts) }
        try self.insert(batch.frames)
        for anomaly in batch.anomalies { try self.insert(anomaly) }
    }

    private func insert(_ frames: [Frame]) throws(TimelineError) {
        let code = frames.withUnsafeBufferPointer { self.frameInsert.insert($0, self.used) }
        if code != SQLITE_DONE { throw self.connection.error(code) }
    }

    private func write(_ facts: ConnectionFacts) throws(TimelineError) {
        let row = self.connectionWrite
        row.add(self.used.connection(facts.id))
        row.add(self.captureID)
        row.add(facts.clientAddress)
        row.add(facts.clientPort)
        row.add(facts.serverAddress)
        row.add(facts.serverPort)
        row.add(facts.opened)
        row.add(facts.closed)
        row.add(facts.closedBy)
        row.add(facts.closeKind)
        row.add(facts.application)
        row.add(facts.clientKnownBy)
        row.add(facts.completeHead)
        row.add(facts.roundTripNs)
        row.add(facts.bytesClient)
        row.add(facts.bytesServer)
        row.add(facts.missingBytes)
        row.add(facts.undecodedBytes)
        row.add(facts.retransmittedSegments)
        row.add(facts.otherRequests)
        try row.run()
    }

    private func write(_ facts: SessionFacts) throws(TimelineError) {
        let row = self.sessionWrite
        row.add(self.used.session(facts.id))
        row.add(self.captureID)
        row.add(facts.sid)
        row.add(facts.engineIOVersion)
        row.add(facts.socketIOVersion)
        row.add(facts.parser)
        row.add(facts.transports.map(\.rawValue).joined(separator: ","))
        row.add(facts.path)
        row.add(facts.host)
        row.add(facts.pingIntervalMs)
        row.add(facts.pingTimeoutMs)
        row.add(facts.maxPayload)
        row.add(facts.upgrades)
        row.add(facts.opened)
        row.add(facts.ended)
        row.add(facts.endClass)
        row.add(facts.endedBy)
        row.add(facts.closeCode.map(Int.init))
        row.add(self.used.session(facts.lineage))
        row.add(facts.framesClient)
        row.add(facts.framesServer)
        row.add(facts.userAgent)
        row.add(facts.origin)
        row.add(facts.forwardedFor)
        row.add(facts.completeHead)
        row.add(facts.completeTail)
        row.add(facts.holes)
        try row.run()
    }

    private func write(_ facts: ExchangeFacts) throws(TimelineError) {
        let row = self.exchangeWrite
        row.add(self.used.exchange(facts.id))
        row.add(self.used.connection(facts.connectionID))
        row.add(facts.sessionID.map(self.used.session))
        row.add(facts.method)
        row.add(facts.target)
        row.add(facts.status)
        row.add(facts.requested)
        row.add(facts.requestEnded)
        row.add(facts.answered)
        row.add(facts.responded)
        row.add(facts.requestBytes)
        row.add(facts.responseBytes)
        row.add(facts.errorCode)
        row.add(facts.errorMessage)
        row.add(facts.errorBody)
        row.add(facts.userAgent)
        row.add(facts.origin)
        row.add(facts.requestType)
        row.add(facts.upgrade)
        row.add(facts.forwardedFor)
        row.add(facts.responseType)
        row.add(facts.allowOrigin)
        row.add(facts.extensions)
        row.add(facts.server)
        try row.run()
    }

    private func insert(_ anomaly: Anomaly) throws(TimelineError) {
        let row = self.anomalyInsert
        row.add(self.captureID)
        row.add(anomaly.sessionID.map(self.used.session))
        row.add(anomaly.connectionID.map(self.used.connection))
        row.add(anomaly.frameID.map(self.used.frame))
        row.add(anomaly.at)
        row.add(anomaly.code.text)
        row.add(anomaly.detail)
        try row.run()
    }
}
