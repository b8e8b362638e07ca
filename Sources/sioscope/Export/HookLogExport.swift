import ArgumentParser
import Decoding
import Timeline
import TimelineModel

/// Reads one capture out of a timeline, row by row, and writes it as a hook log.
struct HookLogExport {
    let timeline: TimelineReader
    let capture: Int64

    private var parameters: [String: TimelineValue] { ["capture": .integer(self.capture)] }

    /// Returns the number of frames; nil where there is nothing at all that a hook log could tell.
    func run(to file: ExportFile) throws -> Int? {
        let total = try self.count()
        var encoder = HookLogEncoder(
            connections: try self.rows(Self.connectionsSQL, of: "connections") { try ConnectionFacts($0) },
            sessions: try self.rows(Self.sessionsSQL, of: "sessions") { try SessionFacts($0) },
            exchanges: try self.rows(Self.exchangesSQL, of: "exchanges") { try ExchangeFacts($0) })
        let notes = try self.notes()
        let progress = ProgressLine()
        defer { progress.clear() }
        var text = ""
        var count = 0
        try self.timeline.query(Self.framesSQL, parameters: self.parameters) { row in
            let frame = try Frame(RowReader(row, table: "frames"))
            encoder.encode(frame, notes[frame.id] ?? HookLogEncoder.Notes(), to: &text)
            try file.write(text)
            text.removeAll(keepingCapacity: true)
            count += 1
            if count % 1_024 == 0 {
                guard !Interrupt.requested else { throw Interrupt.exitCode }
                progress.show {
                    "\(ProgressLine.bar(Double(count) / Double(max(1, total)))) \(count) of \(total) frames"
                }
            }
        }
        encoder.finish(to: &text)
        // An empty file is no hook log: import would refuse it.
        guard count > 0 || !text.isEmpty else { return nil }
        try file.write(text)
        return count
    }

    private func count() throws -> Int64 {
        var total: Int64 = 0
        try self.timeline.query(Self.countSQL, parameters: self.parameters) { total = $0[0].integer ?? 0 }
        return total
    }

    private func rows<Row>(_ sql: String, of table: String, _ make: (RowReader) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        try self.timeline.query(sql, parameters: self.parameters) { rows.append(try make(RowReader($0, table: table))) }
        return rows
    }

    private func notes() throws -> [Int64: HookLogEncoder.Notes] {
        var notes: [Int64: HookLogEncoder.Notes] = [:]
        try self.timeline.query(Self.notesSQL, parameters: self.parameters) { row in
            guard let frame = row[0].integer, let code = row[1].text else { return }
            notes[frame, default: HookLogEncoder.Notes()].add(code, detail: row[2].text ?? "")
        }
        return notes
    }

    private static let countSQL = String(decoding: PackageResources.export_count_sql, as: UTF8.self)
    private static let connectionsSQL = String(decoding: PackageResources.export_connections_sql, as: UTF8.self)
    private static let sessionsSQL = String(decoding: PackageResources.export_sessions_sql, as: UTF8.self)
    private static let exchangesSQL = String(decoding: PackageResources.export_exchanges_sql, as: UTF8.self)
    private static let notesSQL = String(decoding: PackageResources.export_notes_sql, as: UTF8.self)
    private static let framesSQL = String(decoding: PackageResources.export_frames_sql, as: UTF8.self)
}
