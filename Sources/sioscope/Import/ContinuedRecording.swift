import Timeline

/// Files of one recording that were imported one by one: a session that goes from one into the next is two then.
struct ContinuedRecording: Equatable {
    var earlier: String
    var later: String
    /// That the later file begins with, and the earlier one left open.
    var connections: Int64

    /// Those that an import of so many inputs brought into a timeline, in the order of time.
    static func find(in timeline: TimelineReader, inputs: Int) throws -> [ContinuedRecording] {
        var found: [ContinuedRecording] = []
        try timeline.query(
            String(decoding: PackageResources.import_continued_sql, as: UTF8.self),
            parameters: ["inputs": .integer(Int64(inputs))]
        ) { row in
            found.append(
                ContinuedRecording(
                    earlier: row[0].text ?? "", later: row[1].text ?? "", connections: row[2].integer ?? 0))
        }
        return found
    }

    /// What to do about them, in one line; nil where there are none.
    static func hint(_ found: [ContinuedRecording]) -> String? {
        guard let first = found.first else { return nil }
        let connections = "\(first.connections) connection\(first.connections == 1 ? "" : "s")"
        let more = found.count > 1 ? " (and \(found.count - 1) more like it)" : ""
        return "note: \(first.later) begins with \(connections) that \(first.earlier) left open\(more);"
            + " if these are files of one recording, put them together and import that:"
            + " mergecap -w whole.pcapng FILE..."
    }
}
