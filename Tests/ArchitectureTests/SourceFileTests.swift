import Testing

@Suite("Source files")
struct SourceFileTests {
    @Test(
        "none is longer than 500 lines", arguments: ["Sources", "queries", "Benchmarks", "Fuzz/Targets", "Fuzz/Runner"])
    func length(_ folder: String) throws {
        for file in try SourceTree.files(in: folder, ".swift", ".sql") {
            #expect(file.lines.count <= 501, "\(file.path): split it by concept")
        }
    }

    @Test(
        "no work is left undone",
        arguments: ["Sources", "Tests", "queries", "Benchmarks", "Fuzz/Targets", "Fuzz/Runner"])
    func unfinished(_ folder: String) throws {
        // In two parts, so that this file does not find itself.
        let marks = ["TO" + "DO", "FIX" + "ME"]
        for file in try SourceTree.files(in: folder, ".swift", ".sql", ".h") {
            for (index, line) in file.lines.enumerated() {
                #expect(!marks.contains { line.contains($0) }, "\(file.path):\(index + 1)")
            }
        }
    }

    @Test("every query file is embedded and has its name", arguments: ["Package.swift", "queries/Queries.swift"])
    func queries(_ list: String) throws {
        let list = try SourceTree.text(list)
        let files = try SourceTree.files(in: "queries", ".sql")
        #expect(!files.isEmpty)
        for file in files {
            let name = file.path.dropFirst("queries/".count).dropLast(".sql".count)
            #expect(list.contains("\"\(name)\""), "\(file.path)")
        }
    }
}
