public import TimelineModel

/// The findings of a recording, stored while it runs: inserted as they come, replaced when they are final. Those that the
/// timeline held before are left alone.
public final class LiveFindings {
    private let writer: TimelineWriter
    private let first: Int64
    private var next: Int64

    /// Ids of what is stored of sessions whose last word is not said.
    private var ofSession: [Int64: [Int64]] = [:]

    public init(_ writer: TimelineWriter) throws(TimelineError) {
        self.writer = writer
        var highest: Int64 = 0
        try writer.withConnection { (connection) throws(TimelineError) in
            highest = try connection.integer(SQLText.highestFinding)
        }
        self.first = highest + 1
        self.next = highest + 1
    }

    /// - Parameter isOpen: it is of a session that will be settled.
    public func insert(_ finding: Finding, isOpen: Bool) throws(TimelineError) {
        try self.insert([finding])
        if isOpen, let session = finding.sessionID { self.ofSession[session, default: []].append(self.next - 1) }
    }

    /// The final findings of a session, in place of what was inserted of it.
    public func settle(_ session: Int64, _ findings: [Finding]) throws(TimelineError) {
        if let old = self.ofSession[session] {
            try self.writer.withConnection { (connection) throws(TimelineError) in
                let row = try SQLiteStatement(connection, SQLText.deleteFinding)
                for id in old {
                    row.add(id)
                    try row.run()
                }
            }
        }
        let start = self.next
        try self.insert(findings)
        self.ofSession[session] = findings.isEmpty ? nil : Array(start..<self.next)
    }

    /// How many of the recording's the file holds, as a reader sees it.
    public func counts(in path: String) throws -> [Severity: Int] {
        var counts: [Severity: Int] = [:]
        let sql = "SELECT severity, count(*) FROM findings WHERE id >= :first GROUP BY severity"
        try TimelineReader(path: path).query(sql, parameters: ["first": .integer(self.first)]) { row in
            guard case .text(let word)? = row.first, case .integer(let count)? = row.last,
                let severity = Severity(rawValue: word)
            else { return }
            counts[severity] = Int(count)
        }
        return counts
    }

    /// What the file holds of the recording, as a reader sees it.
    public func all(in reader: TimelineReader) throws -> [Finding] {
        var findings: [Finding] = []
        try reader.query(SQLText.readFindingsFrom, parameters: ["first": .integer(self.first)]) { row in
            guard row.count == 8, case .text(let rule) = row[2], case .text(let word) = row[3],
                let severity = Severity(rawValue: word), case .text(let state) = row[4],
                let status = FindingStatus(rawValue: state), case .integer(let at) = row[5],
                case .text(let message) = row[6], case .text(let evidence) = row[7]
            else { return }
            findings.append(
                Finding(
                    sessionID: Self.id(row[0]), frameID: Self.id(row[1]), rule: rule, severity: severity,
                    status: status, at: Timestamp(nanoseconds: at), message: message, evidence: evidence))
        }
        return findings
    }

    private static func id(_ value: TimelineValue) -> Int64? {
        if case .integer(let id) = value { id } else { nil }
    }

    /// Nothing more comes of a session.
    public func close(_ session: Int64) {
        self.ofSession[session] = nil
    }

    /// All of the recording's, in place of everything that was stored of it.
    public func replaceAll(_ findings: [Finding]) throws(TimelineError) {
        try self.writer.withConnection { (connection) throws(TimelineError) in
            let row = try SQLiteStatement(connection, SQLText.deleteFindingsFrom)
            row.add(self.first)
            try row.run()
        }
        (self.next, self.ofSession) = (self.first, [:])
        try self.insert(findings)
    }

    private func insert(_ findings: [Finding]) throws(TimelineError) {
        guard !findings.isEmpty else { return }
        try self.writer.withConnection { (connection) throws(TimelineError) in
            self.next = try FindingsWriter.insert(findings, from: self.next, connection)
        }
    }
}
