internal import GRDBSQLite
public import TimelineModel

/// What a pass over a capture is shown.
public protocol CaptureWitness {
    mutating func see(_ frame: Frame)
    mutating func see(_ exchange: ExchangeFacts)
    mutating func see(_ anomaly: Anomaly)
}

extension TimelineReader {
    /// Goes over every capture in the order of recording, once, in one snapshot of the file: what is recorded
    /// meanwhile is not in it.
    ///
    /// Rows are read on the caller's thread, the witness sees them on another.
    ///
    /// - Parameters:
    ///   - wanted: ids of the captures to go over; nil for all.
    ///   - isWhole: frames come with all that they carry. Else the text of plain events and acks is left out, and
    ///     binary data that is no packet's beginning: no rule looks into them, and they are most of a file.
    ///   - witness: makes what is to see a capture.
    ///   - seen: gets it back once it has seen all.
    /// - Throws: `TimelineError`, or what `witness` and `seen` throw.
    public func forEachCapture<Witness: CaptureWitness & Sendable>(
        of wanted: Set<Int64>? = nil, isWhole: Bool = false, _ witness: (StoredCapture) throws -> Witness,
        seen: (StoredCapture, Witness) throws -> Void
    ) throws {
        try self.withSnapshot { database, path in
            let captures = try Self.captures(database, path)
            var ids = IDSpan(until: IDStart(frame: 0, exchange: 0))
            for (index, capture) in captures.enumerated() {
                if index == 0 || capture.beside == nil || capture.beside != captures[index - 1].beside {
                    ids = try IDSpan(behind: ids, of: captures[index...], database, path: path)
                }
                guard wanted?.contains(capture.id) ?? true else { continue }
                let pass = CapturePass(capture, database, path: path, ids, isWhole: isWhole)
                let thread = WitnessThread(try witness(capture))
                var relay = WitnessRelay(thread)
                do {
                    try pass.run(&relay)
                } catch {
                    _ = thread.finish()
                    throw error
                }
                relay.flush()
                try seen(capture, thread.finish())
            }
        }
    }

    private static func captures(_ database: OpaquePointer, _ path: String) throws(TimelineError) -> [StoredCapture] {
        var captures: [StoredCapture] = []
        let rows = try RowStatement(database, path: path, SQLText.readCaptures)
        while try rows.next() { captures.append(StoredCapture(RowColumns(rows))) }
        if try Self.hasBeside(database, path) {
            let places = Dictionary(uniqueKeysWithValues: captures.enumerated().map { ($1.id, $0) })
            let together = try RowStatement(database, path: path, SQLText.readBeside)
            while try together.next() {
                var row = RowColumns(together)
                guard let place = places[row.integer()] else { continue }
                captures[place].beside = row.optionalInteger()
                captures[place].facts.redacted = row.optionalText()
            }
        }
        Self.goOn(&captures, database)
        for index in captures.indices {
            let id = captures[index].id
            let connections = try RowStatement(database, path: path, SQLText.readConnections, id)
            while try connections.next() {
                captures[index].connections.append(ConnectionFacts(RowColumns(connections)))
            }
            let sessions = try RowStatement(database, path: path, SQLText.readSessions, id)
            while try sessions.next() { captures[index].sessions.append(SessionFacts(RowColumns(sessions))) }
        }
        return captures
    }

    /// What is being recorded is not cut off: its end is still to come. Only what began last can be that.
    private static func goOn(_ captures: inout [StoredCapture], _ database: OpaquePointer) {
        guard let last = captures.last, !last.facts.completeTail, WriterLock.isHeld(database) else { return }
        for index in captures.indices
        where captures[index].id == last.id || (last.beside != nil && captures[index].beside == last.beside) {
            captures[index].facts.completeTail = true
        }
    }

    static func hasBeside(_ database: OpaquePointer, _ path: String) throws(TimelineError) -> Bool {
        let rows = try RowStatement(database, path: path, SQLText.hasBeside)
        guard try rows.next() else { return false }
        var row = RowColumns(rows)
        return row.integer() > 0
    }
}

/// One pass over a capture: its frames, exchanges and anomalies, merged by time.
///
/// Nothing in the file says which capture a frame is of, but its connection; one writer at a time writes a file, so the
/// frames of a capture lie side by side, in the order of the captures, or interleave with those of the captures that
/// were recorded together with it.
struct CapturePass {
    private let capture: StoredCapture
    private let database: OpaquePointer
    private let path: String
    private let ids: IDSpan
    private let isWhole: Bool
    /// Its own connections, where rows of other captures stand between its own.
    private let connections: Set<Int64>?

    init(_ capture: StoredCapture, _ database: OpaquePointer, path: String, _ ids: IDSpan, isWhole: Bool) {
        self.capture = capture
        self.database = database
        self.path = path
        self.ids = ids
        self.isWhole = isWhole
        self.connections = capture.beside == nil ? nil : Set(capture.connections.map(\.id))
    }

    func run(_ witness: inout some CaptureWitness) throws(TimelineError) {
        let frames = try RowStatement(
            self.database, path: self.path, self.isWhole ? SQLText.readWholeFrames : SQLText.readFrames,
            self.ids.first.frame, self.ids.next.frame)
        var exchanges = try Ahead(
            RowStatement(
                self.database, path: self.path, SQLText.readExchanges, self.ids.first.exchange,
                self.ids.next.exchange)
        ) { [connections] in
            let exchange = ExchangeFacts($0)
            return connections?.contains(exchange.connectionID) ?? true ? exchange : nil
        }
        var notes = try Ahead(
            RowStatement(self.database, path: self.path, SQLText.readAnomalies, self.capture.id)
        ) { Anomaly($0) }
        var frameNotes = try Ahead(
            RowStatement(self.database, path: self.path, SQLText.readFrameAnomalies, self.capture.id)
        ) { Anomaly($0) }

        var columns = FrameColumns(frames)
        var frame = Frame(
            connectionID: 0, at: .zero, sender: .client, transport: .websocket, layer: .engineio, sizeBytes: 0,
            wireBytes: 0)
        while try frames.next() {
            if let connections, !connections.contains(columns.connectionID) { continue }
            try columns.read(into: &frame)
            // Those of the frames before; each comes right behind its own.
            while let next = frameNotes.item, let id = next.frameID, id < frame.id {
                witness.see(next)
                try frameNotes.advance()
            }
            while let next = exchanges.item, next.requested <= frame.at {
                witness.see(next)
                try exchanges.advance()
            }
            while let next = notes.item, next.at < frame.at {
                witness.see(next)
                try notes.advance()
            }
            witness.see(frame)
        }
        while let next = frameNotes.item {
            witness.see(next)
            try frameNotes.advance()
        }
        while let next = exchanges.item {
            witness.see(next)
            try exchanges.advance()
        }
        while let next = notes.item {
            witness.see(next)
            try notes.advance()
        }
    }
}

/// Rows of which the next one is known.
private struct Ahead<Item> {
    private let rows: RowStatement
    /// Nil for a row that is passed over.
    private let make: (consuming RowColumns) -> Item?
    /// Nil behind the last one.
    private(set) var item: Item?

    init(_ rows: RowStatement, _ make: @escaping (consuming RowColumns) -> Item?) throws(TimelineError) {
        self.rows = rows
        self.make = make
        try self.advance()
    }

    mutating func advance() throws(TimelineError) {
        self.item = nil
        while self.item == nil, try self.rows.next() { self.item = self.make(RowColumns(self.rows)) }
    }
}
