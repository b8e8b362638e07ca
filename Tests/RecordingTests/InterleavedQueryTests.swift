import Decoding
import Foundation
import Queries
import Testing
import Timeline
import TimelineModel

@testable import Recording

/// Captures that are recorded together share the ids of the file, every other one each: no query may care.
@Suite("Queries on captures recorded together")
struct InterleavedQueryTests {
    struct Pair: CustomTestStringConvertible, Sendable {
        let first: String
        let second: String
        var testDescription: String { "\(self.first), \(self.second)" }
    }

    @Test(
        "every named query and view gives what it gives for the same captures, one after the other",
        arguments: [
            Pair(first: "flap", second: "js-acks"), Pair(first: "js-default-upgrade", second: "eio3-v2-client"),
            Pair(first: "js-connect-error", second: "late-pong"),
            Pair(first: "js-binary-polling", second: "js-namespaces"),
        ])
    func same(_ pair: Pair) throws {
        let folder = try TemporaryFolder()
        let (first, second) = (try Rows(of: pair.first), try Rows(of: pair.second))
        let apart = folder.file("apart.db")
        for rows in [first, second] {
            let recording = try LiveRecording(path: apart, captures: [rows.facts], toolVersion: "test")
            for batch in rows.batches { recording.submit(batch, rows.facts) }
            try recording.finish()
        }
        let together = folder.file("together.db")
        let recording = try LiveRecording(path: together, captures: [first.facts, second.facts], toolVersion: "test")
        for index in 0..<max(first.batches.count, second.batches.count) {
            for (capture, rows) in [first, second].enumerated() where rows.batches.indices.contains(index) {
                recording.submit(rows.batches[index], rows.facts, capture: capture)
            }
        }
        try recording.finish()

        let moved = Moved(behind: first)
        let readers = (try TimelineReader(path: apart), try TimelineReader(path: together))
        var asked = 0
        var answered = 0
        func compare(_ name: String, _ sql: String, _ parameters: [String: TimelineValue] = [:]) throws {
            let expected = try Self.rows(readers.0, sql, parameters, moved: nil)
            let rows = try Self.rows(readers.1, sql, parameters, moved: moved)
            #expect(rows == expected, "\(name)")
            asked += 1
            if !rows.isEmpty { answered += 1 }
        }
        for query in Queries.all {
            var parameters: [String: TimelineValue] = [:]
            for parameter in query.parameters {
                switch parameter.standard {
                // What a limit leaves out where rows tie is nobody's right.
                case .integer where parameter.name == "limit": parameters[parameter.name] = .integer(1_000_000)
                case .integer(let value): parameters[parameter.name] = .integer(value)
                case .real(let value): parameters[parameter.name] = .real(value)
                case .text(let value): parameters[parameter.name] = .text(value)
                case .null, .none: parameters[parameter.name] = .null
                }
            }
            try compare(query.name, query.sql, parameters)
        }
        for view in try readers.0.texts("SELECT name FROM sqlite_schema WHERE type = 'view'") {
            try compare(view, "SELECT * FROM \"\(view)\"")
        }
        for table in ["frames", "sessions", "connections", "exchanges"] {
            try compare(table, "SELECT id AS \(table.dropLast())_id, * FROM \(table)")
        }
        try compare("findings", "SELECT rule, severity, session_id, frame_id, at_ns, message FROM findings")
        #expect(asked >= 25 && answered >= 12, "\(answered) of \(asked) gave anything")
    }

    /// What a capture gives, in many small batches.
    private struct Rows {
        var facts: CaptureFacts
        var batches: [TimelineBatch] = []

        init(of name: String) throws {
            let root = URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            let folder = root.appending(path: "captures/\(name)")
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).first { $0.hasPrefix("capture.pcap") })
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: file)))
            let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: name))
            var batches: [TimelineBatch] = []
            for start in stride(from: 0, to: bytes.count, by: 512) {
                try decoder.feed(Array(bytes[start..<min(start + 512, bytes.count)]).span) { batches.append($0) }
            }
            try decoder.finish { batches.append($0) }
            self.facts = decoder.facts
            self.batches = batches.filter { !$0.isEmpty }
        }
    }

    /// Ids of captures recorded together, as they would be one after the other.
    private struct Moved {
        private let behind: [String: Int64]

        init(behind rows: Rows) {
            self.behind = [
                "frame": rows.batches.flatMap(\.frames).map(\.id).max() ?? 0,
                "session": rows.batches.flatMap(\.sessions).map(\.id).max() ?? 0,
                "connection": rows.batches.flatMap(\.connections).map(\.id).max() ?? 0,
                "exchange": rows.batches.flatMap(\.exchanges).map(\.id).max() ?? 0,
            ]
        }

        func value(_ value: TimelineValue, in column: String) -> TimelineValue {
            guard case .integer(let id) = value, let kind = Self.kind(column), let behind = self.behind[kind] else {
                return value
            }
            return .integer(id.isMultiple(of: 2) ? id / 2 + behind : (id + 1) / 2)
        }

        /// What a column's ids are of; nil where it has none.
        private static func kind(_ column: String) -> String? {
            if column == "lineage" { return "session" }
            if column == "first_frame" { return "frame" }
            return ["frame", "session", "connection", "exchange"].first { column.hasSuffix("\($0)_id") }
        }
    }

    /// Rows as texts, sorted: which of two that tie comes first is nobody's right either.
    private static func rows(
        _ reader: TimelineReader, _ sql: String, _ parameters: [String: TimelineValue], moved: Moved?
    ) throws -> [String] {
        var columns: [String] = []
        var rows: [String] = []
        try reader.query(sql, parameters: parameters) {
            columns = $0
        } row: { row in
            rows.append(
                zip(columns, row).filter { $0.0 != "id" }.map { column, value in
                    "\(moved?.value(value, in: column) ?? value)"
                }.joined(separator: "|"))
        }
        return rows.sorted()
    }
}
