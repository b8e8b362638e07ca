/// What is added to a capture's own ids, which count from 1, so that they come behind what the file held.
struct IDShift: Equatable {
    var connections: Int64 = 0
    var sessions: Int64 = 0
    var exchanges: Int64 = 0
    var frames: Int64 = 0

    init() {}

    /// Behind everything that the file holds now.
    init(behind connection: SQLiteConnection) throws(TimelineError) {
        let highest = try SQLiteStatement(connection, SQLText.highestIDs).integers(4)
        self.connections = highest[0]
        self.sessions = highest[1]
        self.exchanges = highest[2]
        self.frames = highest[3]
    }
}
