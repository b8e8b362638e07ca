import Foundation
import Replay
import Timeline

/// One of the two recordings to compare, as the user names it: `run.db`, `run.db#2` or `run.db#2+`.
struct DiffSide: Equatable {
    let path: String
    /// Nil for the one lineage that the timeline holds.
    let session: Int64?
    /// With those of the same client before and after it.
    let isLineage: Bool

    /// A file whose own name ends like that goes before.
    init(_ text: String, isFile: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }) throws(ToolError) {
        guard let mark = text.lastIndex(of: "#"), !isFile(text) else {
            (self.path, self.session, self.isLineage) = (text, nil, true)
            return
        }
        let number = text[text.index(after: mark)...]
        let isLineage = number.hasSuffix("+")
        guard let session = Int64(isLineage ? number.dropLast() : number), session > 0 else {
            throw ToolError("\(text): expected a session's number behind #, as in \(text[..<mark])#2")
        }
        (self.path, self.session, self.isLineage) = (String(text[..<mark]), session, isLineage)
    }

    var text: String { self.path + (self.session.map { "#\($0)" + (self.isLineage ? "+" : "") } ?? "") }

    func load() throws -> RecordedLineage {
        let reader = LineageReader(
            timeline: try TimelineReader(path: self.path), path: self.path,
            choice: { [path] in "\(path)#\($0.map(String.init) ?? "N")" })
        let lineage = try reader.lineage(of: self.session)
        guard let session, !self.isLineage else { return lineage }
        return RecordedLineage(
            lives: lineage.lives.filter { life in
                if case .session(let recorded) = life { recorded.facts.id == session } else { false }
            })
    }
}
