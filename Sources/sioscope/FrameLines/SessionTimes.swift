import Timeline

/// What frames of a session are judged and timed by: a row of `frames_sessions.sql`.
struct SessionTimes: Equatable {
    var openedNs: Int64
    /// 3 or 4; nil where it is not known.
    var engineIOVersion: Int64?
    /// From the open packet; nil where that is not in the capture.
    var pingTimeoutMs: Int64?

    /// - Parameter first: the lowest id that is asked for.
    static func load(from timeline: TimelineReader, first: Int64 = .min) throws -> [Int64: SessionTimes] {
        var sessions: [Int64: SessionTimes] = [:]
        try timeline.query(Self.sql, parameters: ["first": .integer(first)]) { row in
            guard let id = row[0].integer, let opened = row[1].integer else { return }
            sessions[id] = SessionTimes(
                openedNs: opened, engineIOVersion: row[2].integer, pingTimeoutMs: row[3].integer)
        }
        return sessions
    }

    private static let sql = String(decoding: PackageResources.frames_sessions_sql, as: UTF8.self)
}
