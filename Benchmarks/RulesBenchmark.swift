import Faults
import Foundation
import GRDBSQLite
import Recording
import Timeline
import TimelineModel

/// All rules over a timeline, and what they must cost at least: the same columns read by a plain loop over the sqlite3
/// C API.
struct RulesBenchmark {
    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let timeline: String

    /// Seconds, and how many frames there were.
    func floor() throws -> Timing {
        var database: OpaquePointer?
        guard
            sqlite3_open_v2(
                self.timeline, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK
        else {
            throw Failure(description: "cannot open \(self.timeline)")
        }
        defer { sqlite3_close(database) }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, Self.sql, -1, &statement, nil) == SQLITE_OK else {
            throw Failure(description: String(cString: sqlite3_errmsg(database)))
        }
        defer { sqlite3_finalize(statement) }
        return Timing.measure {
            var (frames, sum) = (0, Int64(0))
            let columns = sqlite3_column_count(statement)
            while sqlite3_step(statement) == SQLITE_ROW {
                frames += 1
                for column in 0..<columns {
                    switch sqlite3_column_type(statement, column) {
                    case SQLITE_INTEGER: sum &+= sqlite3_column_int64(statement, column)
                    case SQLITE_TEXT:
                        let text = sqlite3_column_text(statement, column)
                        sum &+= Int64(sqlite3_column_bytes(statement, column)) &+ Int64(text?.pointee ?? 0)
                    case SQLITE_BLOB: sum &+= Int64(sqlite3_column_bytes(statement, column))
                    default: break
                    }
                }
            }
            // The sum keeps the reads from being left out.
            return sum == .min ? 0 : frames
        }
    }

    /// Seconds, and how many findings came of it.
    func run() throws -> Timing {
        try Timing.measure {
            var findings = 0
            try TimelineReader(path: self.timeline).forEachCapture { capture in
                Analysis(capture.facts, connections: capture.connections, sessions: capture.sessions)
            } seen: { _, analysis in
                var analysis = analysis
                findings += analysis.finish().findings.count
            }
            return findings
        }
    }

    /// As a pass over a timeline reads them.
    private static let sql = """
        SELECT id, session_id, connection_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace,
          event, ack_id, attachments, close_code, size_bytes, wire_bytes,
          CASE WHEN sio_type IN ('event', 'ack') THEN NULL ELSE payload END,
          CASE WHEN sio_type IS NULL THEN substr(binary, 1, 64) END, flags, exchange_id
        FROM frames ORDER BY id
        """
}
