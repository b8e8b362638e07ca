internal import GRDBSQLite
public import TimelineModel

/// Stores what the rules found in a timeline that stands.
public enum FindingsWriter {
    /// Replaces all findings of the timeline, in one short transaction; their ids count from 1 in their order. Nothing
    /// else in the file is touched.
    ///
    /// - Throws: `readOnly`, `locked` (another process is recording into it), `diskFull` and their like; the findings
    ///   that were there are still there then.
    public static func replace(in path: String, with findings: [Finding]) throws(TimelineError) {
        let place = FilePlace(path: path)
        guard try place.isTaken(.writing) else { throw .missing(path: path) }
        let connection = try SQLiteConnection(place)
        defer { connection.close() }
        try Schema.current.check(
            applicationID: try connection.integer("PRAGMA application_id"),
            format: try connection.integer("PRAGMA user_version"), path: path, .writing)
        if connection.isReadOnly { throw .readOnly(path: path) }
        // A recording keeps its write lock but for moments; to wait for one of these would only hold both up.
        let lock = try WriterLock(connection)
        defer { withExtendedLifetime(lock) {} }
        try connection.execute("BEGIN IMMEDIATE")
        do throws(TimelineError) {
            try connection.execute(SQLText.deleteFindings)
            _ = try self.insert(findings, from: 1, connection)
            try connection.execute("COMMIT")
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// Inserts findings with ids from a number on; gives the next free one.
    static func insert(
        _ findings: [Finding], from first: Int64, _ connection: SQLiteConnection
    ) throws(TimelineError) -> Int64 {
        let row = try SQLiteStatement(connection, SQLText.insertFinding)
        for (index, finding) in findings.enumerated() {
            row.add(first + Int64(index))
            row.add(finding.sessionID)
            row.add(finding.frameID)
            row.add(finding.rule)
            row.add(finding.severity)
            row.add(finding.status)
            row.add(finding.at)
            row.add(finding.message)
            row.add(finding.evidence)
            try row.run()
        }
        return first + Int64(findings.count)
    }
}
