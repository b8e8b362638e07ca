import Replay
import Scenarios

/// The scenarios that are built in, and those of a user's files.
enum ScenarioShelf {
    /// - Throws: `ToolError` where a name is none.
    static func chosen(_ names: [String]) throws -> [Scenario] {
        let known = Scenarios.all.map(\.name)
        for name in names where !known.contains(name) {
            let near = NearestNames.of(name, among: known)
            throw ToolError(
                "--only \(name): no such scenario"
                    + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?") + " (--list names all)")
        }
        return try Scenarios.all.filter { names.isEmpty || names.contains($0.name) }.map {
            try Self.read($0.text, name: $0.name, path: "\($0.name).scenario")
        }
    }

    static func file(_ path: String) throws -> Scenario {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let bare = name.hasSuffix(".scenario") ? String(name.dropLast(".scenario".count)) : name
        return try self.read(try TextFile.read(path, label: path, expected: "a scenario"), name: bare, path: path)
    }

    private static func read(_ text: String, name: String, path: String) throws -> Scenario {
        do {
            return try ScenarioParser.parse(text, name: name)
        } catch {
            throw ToolError("\(path): \(error)")
        }
    }
}
