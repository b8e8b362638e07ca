import Foundation
import Testing

/// What `why` says of each bundled capture, in `Goldens/why.txt`. `make golden` writes it anew; a person reads it.
@Suite("Why, golden")
struct WhyGoldenTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("tells the story of each bundled capture")
    func stories() throws {
        let captures = try FileManager.default.contentsOfDirectory(
            at: Self.root.appending(path: "captures"), includingPropertiesForKeys: nil
        )
        .filter(\.hasDirectoryPath).sorted { $0.lastPathComponent < $1.lastPathComponent }
        #expect(captures.count > 10)
        let fresh: String = try captures.map { folder in
            let capture = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    .first { $0.hasPrefix("capture.pcap") })
            let timeline = FileManager.default.temporaryDirectory.appending(path: "why-\(UUID().uuidString).db")
            defer { try? FileManager.default.removeItem(at: timeline) }
            let imported = try CommandTests.run(
                ["import", folder.appending(path: capture).path, "-o", timeline.path])
            #expect(imported.status == 0)
            let why = try CommandTests.run(["why", timeline.path])
            #expect(why.status == 0)
            return "== \(folder.lastPathComponent)\n\(why.output)"
        }
        .joined(separator: "\n")
        let golden = Self.root.appending(path: "Tests/sioscopeTests/Goldens/why.txt")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try fresh.write(to: golden, atomically: true, encoding: .utf8)
        } else {
            let known = try String(contentsOf: golden, encoding: .utf8)
            let difference = fresh.components(separatedBy: "\n").difference(from: known.components(separatedBy: "\n"))
            #expect(difference.isEmpty, "`make golden` renews it; read what changed:\n\(difference)")
        }
    }

    static let failures: [CommandTests.Failure] = [
        .init(
            arguments: ["why", "DB", "--session", "99"],
            talk: "--session 99: no such session in DB; 'sioscope sessions DB' lists them"),
        .init(
            arguments: ["why", "DB", "--server-profile", "ruby"],
            talk:
                "the value 'ruby' is invalid for '--server-profile <kind>'. Please provide one of 'node', 'python' or "
                + "'go' (see 'sioscope why --help')"),
    ]

    @Test("refuses what is not there", arguments: Self.failures)
    func failure(_ failure: CommandTests.Failure) throws {
        let outcome = try CommandTests.run(failure.arguments)
        #expect(outcome.talk == "sioscope: error: \(failure.talk)\n")
        #expect(outcome.status == 2)
    }

    @Test("tells the same as JSON", arguments: ["json", "jsonl"])
    func json(_ format: String) throws {
        let outcome = try CommandTests.run(["why", "DB", "--format", format])
        #expect(outcome.status == 0)
        let documents = format == "json" ? [outcome.output] : outcome.output.split(separator: "\n").map(String.init)
        for document in documents {
            let value = try JSONSerialization.jsonObject(with: Data(document.utf8))
            let objects = value as? [[String: Any]] ?? [value as? [String: Any] ?? [:]]
            #expect(objects.allSatisfy { $0["sessions"] is [Int] && $0["text"] is String })
        }
    }
}
