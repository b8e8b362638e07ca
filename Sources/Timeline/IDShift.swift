internal import TimelineModel

/// Moves a capture's own ids, which count from 1, behind what the file held; those of captures that are recorded side by
/// side interleave, so that each keeps its order and none takes another's.
struct IDShift: Equatable {
    /// Moves nothing: for rows that have the file's ids already.
    static let none = IDShift()

    private let behind: IDs
    /// How many captures share the ids, and the place of this one among them.
    private let stride: Int64
    private let place: Int64

    private struct IDs: Equatable {
        var connections: Int64 = 0
        var sessions: Int64 = 0
        var exchanges: Int64 = 0
        var frames: Int64 = 0
    }

    private init() {
        (self.behind, self.stride, self.place) = (IDs(), 1, 0)
    }

    /// Behind everything that the file holds now.
    init(behind connection: SQLiteConnection, place: Int, of count: Int) throws(TimelineError) {
        let highest = try SQLiteStatement(connection, SQLText.highestIDs).integers(4)
        self.behind = IDs(
            connections: highest[0], sessions: highest[1], exchanges: highest[2], frames: highest[3])
        self.stride = Int64(count)
        self.place = Int64(place)
    }

    func connection(_ id: Int64) -> Int64 { self.moved(id, self.behind.connections) }
    func session(_ id: Int64) -> Int64 { self.moved(id, self.behind.sessions) }
    func exchange(_ id: Int64) -> Int64 { self.moved(id, self.behind.exchanges) }
    func frame(_ id: Int64) -> Int64 { self.moved(id, self.behind.frames) }

    /// The ids of the file in place of the capture's own.
    func move(_ batch: inout TimelineBatch) {
        for index in batch.frames.indices {
            batch.frames[index].id = self.frame(batch.frames[index].id)
            batch.frames[index].sessionID = batch.frames[index].sessionID.map(self.session)
            batch.frames[index].connectionID = self.connection(batch.frames[index].connectionID)
            batch.frames[index].exchangeID = batch.frames[index].exchangeID.map(self.exchange)
        }
        for index in batch.anomalies.indices {
            batch.anomalies[index].sessionID = batch.anomalies[index].sessionID.map(self.session)
            batch.anomalies[index].connectionID = batch.anomalies[index].connectionID.map(self.connection)
            batch.anomalies[index].frameID = batch.anomalies[index].frameID.map(self.frame)
        }
        for index in batch.connections.indices {
            batch.connections[index].id = self.connection(batch.connections[index].id)
        }
        for index in batch.sessions.indices {
            batch.sessions[index].id = self.session(batch.sessions[index].id)
            batch.sessions[index].lineage = self.session(batch.sessions[index].lineage)
        }
        for index in batch.exchanges.indices {
            batch.exchanges[index].id = self.exchange(batch.exchanges[index].id)
            batch.exchanges[index].connectionID = self.connection(batch.exchanges[index].connectionID)
            batch.exchanges[index].sessionID = batch.exchanges[index].sessionID.map(self.session)
        }
    }

    @inline(__always)
    private func moved(_ id: Int64, _ base: Int64) -> Int64 {
        base &+ (id &- 1) &* self.stride &+ self.place &+ 1
    }
}
