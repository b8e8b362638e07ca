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
    ///   - witness: makes what is to see a capture.
    ///   - seen: gets it back once it has seen all.
    /// - Throws: `TimelineError`, or what `witness` and `seen` throw.
    public func forEachCapture<Witness: CaptureWitness & Sendable>(
        _ witness: (StoredCapture) throws -> Witness, seen: (StoredCapture, Witness) throws -> Void
    ) throws {
        try self.withSnapshot { database, path in
            var ids = (frame: Int64(0), exchange: Int64(0))
            let captures = try Self.captures(database, path)
            for (index, capture) in captures.enumerated() {
                let pass = try CapturePass(
                    capture, database, path: path, from: ids, isLast: index + 1 == captures.count)
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
                ids = pass.next
            }
        }
    }

    private static func captures(_ database: OpaquePointer, _ path: String) throws(TimelineError) -> [StoredCapture] {
        var captures: [StoredCapture] = []
        let rows = try RowStatement(database, path: path, SQLText.readCaptures)
        while try rows.next() { captures.append(StoredCapture(RowColumns(rows))) }
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
}

/// One pass over a capture: its frames, exchanges and anomalies, merged by time.
///
/// Nothing in the file says which capture a frame is of, but its connection; one writer at a time writes a file, so the
/// frames of a capture lie side by side, in the order of the captures.
struct CapturePass {
    private let capture: StoredCapture
    private let database: OpaquePointer
    private let path: String
    private let first: (frame: Int64, exchange: Int64)
    /// Where the next capture's ids begin.
    let next: (frame: Int64, exchange: Int64)

    /// - Parameter first: where its ids begin.
    init(
        _ capture: StoredCapture, _ database: OpaquePointer, path: String, from first: (frame: Int64, exchange: Int64),
        isLast: Bool
    ) throws(TimelineError) {
        self.capture = capture
        self.database = database
        self.path = path
        self.first = first
        guard !isLast else {
            self.next = (.max, .max)
            return
        }
        // A capture without connections has no frames either.
        let last = capture.connections.last?.id ?? .min
        self.next = (
            try Self.firstID(
                behind: last, from: first.frame, in: RowStatement(database, path: path, SQLText.frameFrom, 0)),
            try Self.firstID(
                behind: last, from: first.exchange, in: RowStatement(database, path: path, SQLText.exchangeFrom, 0))
        )
    }

    /// The smallest id from which on all rows are of connections behind this one, by bisection.
    private static func firstID(
        behind connection: Int64, from first: Int64, in rows: RowStatement
    ) throws(TimelineError) -> Int64 {
        var (low, high) = (first, Int64.max)
        while low < high {
            let middle = low + (high - low) / 2
            rows.restart(middle)
            guard try rows.next() else {
                high = middle
                continue
            }
            var row = RowColumns(rows)
            let (id, owner) = (row.integer(), row.integer())
            if owner > connection { high = middle } else { low = id + 1 }
        }
        return low
    }

    func run(_ witness: inout some CaptureWitness) throws(TimelineError) {
        let frames = try RowStatement(
            self.database, path: self.path, SQLText.readFrames, self.first.frame, self.next.frame)
        var exchanges = try Ahead(
            RowStatement(
                self.database, path: self.path, SQLText.readExchanges, self.first.exchange, self.next.exchange)
        ) { ExchangeFacts($0) }
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
    private let make: (consuming RowColumns) -> Item
    /// Nil behind the last one.
    private(set) var item: Item?

    init(_ rows: RowStatement, _ make: @escaping (consuming RowColumns) -> Item) throws(TimelineError) {
        self.rows = rows
        self.make = make
        try self.advance()
    }

    mutating func advance() throws(TimelineError) {
        self.item = try self.rows.next() ? self.make(RowColumns(self.rows)) : nil
    }
}
