import Foundation
import Testing

/// A capture of the folder `captures`, imported by the built program.
enum BundledCapture {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            at: self.root.appending(path: "captures"), includingPropertiesForKeys: nil
        )
        .filter(\.hasDirectoryPath).map(\.lastPathComponent).sorted()
    }

    /// Runs `body` on a timeline of the captures, one after the other in one file.
    static func withTimeline<T>(_ captures: String..., body: (_ path: String) throws -> T) throws -> T {
        let timeline = FileManager.default.temporaryDirectory.appending(path: "bundled-\(UUID().uuidString).db")
        defer { try? FileManager.default.removeItem(at: timeline) }
        for name in captures {
            let folder = self.root.appending(path: "captures/\(name)")
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    .first { $0.hasPrefix("capture.pcap") })
            let imported = try CommandTests.run(["import", folder.appending(path: file).path, "-o", timeline.path])
            #expect(imported.status == 0, "\(imported.talk)")
        }
        return try body(timeline.path)
    }

    /// Compares with a file of the folder `Goldens`, or writes it anew where `RECORD_GOLDEN` is set.
    static func compare(_ fresh: String, golden path: String) throws {
        let file = self.root.appending(path: path)
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            return try fresh.write(to: file, atomically: true, encoding: .utf8)
        }
        let known = try String(contentsOf: file, encoding: .utf8)
        let difference = fresh.split(separator: "\n").map(String.init)
            .difference(from: known.split(separator: "\n").map(String.init))
        #expect(difference.isEmpty, "\(path): `make golden` renews it; read what changed:\n\(difference)")
        if difference.isEmpty { #expect(fresh == known) }
    }
}
