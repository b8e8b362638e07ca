import Timeline

/// Which frames are asked for, as SQL.
struct FrameFilter {
    var session: Int64?
    /// An SQL condition by the user. The timeline is opened read-only: whatever stands here can only read.
    var condition: String?
    var limit: Int64?
    /// Only what stands behind this frame.
    var after: Int64?
    /// Only of this capture.
    var range: FrameRange?

    var parameters: [String: TimelineValue] {
        var parameters: [String: TimelineValue] = [:]
        if let session = self.session { parameters["session"] = .integer(session) }
        if let range = self.range {
            if range.isShared { parameters["capture"] = .integer(range.capture) }
            if range.first > 0 { parameters["first"] = .integer(range.first) }
            if range.next < .max { parameters["next"] = .integer(range.next) }
        }
        if let after = self.after { parameters["after"] = .integer(after) }
        if let limit = self.limit { parameters["limit"] = .integer(limit) }
        return parameters
    }

    /// - Parameter select: a SELECT from `frames`, up to its WHERE.
    func sql(after select: String) -> String {
        var conditions: [String] = []
        if let range = self.range {
            if range.first > 0 { conditions.append("id >= :first") }
            if range.next < .max { conditions.append("id < :next") }
            if range.isShared {
                conditions.append("connection_id IN (SELECT id FROM connections WHERE capture_id = :capture)")
            }
        }
        if self.after != nil { conditions.append("id > :after") }
        if self.session != nil { conditions.append("session_id = :session") }
        // On lines of its own, so that a comment in it ends before the parenthesis does.
        if let condition = self.condition { conditions.append("(\n\(condition)\n)") }
        var sql = select
        if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
        sql += " ORDER BY id"
        if self.limit != nil { sql += " LIMIT :limit" }
        return sql
    }

    /// Throws where the condition is none, before anything was printed.
    func check(on timeline: TimelineReader) throws {
        guard let condition = self.condition else { return }
        guard !ReadOnlySQL(condition).isBlank else {
            throw ToolError(
                "--where is empty; give an SQL condition on the columns of the table 'frames', or leave it out")
        }
        let names: [String]
        do {
            names = try timeline.parameterNames(of: "SELECT 1 FROM frames WHERE (\n\(condition)\n)")
            // It must be one by itself too: `1) OR (1` fits between parentheses, and would undo the other conditions.
            _ = try timeline.parameterNames(of: "SELECT 1 FROM frames WHERE \(condition)")
        } catch TimelineError.sql(_, let message, _) {
            throw ToolError("--where: \(message); expected an SQL condition on the columns of the table 'frames'")
        } catch {
            throw ToolError("--where: \(error)")
        }
        if let name = names.first {
            throw ToolError("--where: parameter '\(name)' has no value here; write the value itself")
        }
    }
}
