import Timeline

/// The ids of the frames that are healthy heartbeats: 8 bytes a heartbeat.
struct HealthyHeartbeats {
    private let ids: [Int64]

    init(ids: [Int64]) {
        self.ids = ids.sorted()
    }

    /// Judges the heartbeats of one session, or of all.
    init(in timeline: TimelineReader, session: Int64?, sessions: [Int64: SessionTimes]) throws {
        var judge = HeartbeatJudge(sessions: sessions)
        var ids: [Int64] = []
        let condition = session == nil ? "" : " AND session_id = :session"
        try timeline.query(
            Self.sql + condition + " ORDER BY id",
            parameters: session.map { ["session": .integer($0)] } ?? [:]
        ) { row in
            guard let id = row[0].integer, let session = row[1].integer, let at = row[2].integer else { return }
            let beat = HeartbeatJudge.Beat(
                frameID: id, sessionID: session, atNs: at, isFromClient: row[3].text == "client",
                isPing: row[4].text == "ping", isPlain: row[5].integer == 1)
            if let pair = judge.observe(beat) { ids += [pair.ping, pair.pong] }
        }
        self.init(ids: ids)
    }

    var isEmpty: Bool { self.ids.isEmpty }

    func contains(_ id: Int64) -> Bool {
        var (low, high) = (0, self.ids.count)
        while low < high {
            let middle = low + (high - low) / 2
            if self.ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < self.ids.count && self.ids[low] == id
    }

    private static let sql = String(decoding: PackageResources.frames_heartbeats_sql, as: UTF8.self)
}
