import Foundation
import Testing

/// `sioscope frames` prints in the order of time, whatever order captures came in.
@Suite("Order of frames")
struct FrameOrderTests {
    /// All bundled captures, the latest first.
    static func withAll<T>(body: (_ path: String) throws -> T) throws -> T {
        let timeline = FileManager.default.temporaryDirectory.appending(path: "order-\(UUID().uuidString).db")
        defer { try? FileManager.default.removeItem(at: timeline) }
        var files: [String] = []
        for name in try BundledCapture.names() {
            let folder = BundledCapture.root.appending(path: "captures/\(name)").path
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("capture.pcap") })
            files.append(folder + "/" + file)
        }
        let imported = try CommandTests.run(["import"] + files.reversed() + ["-o", timeline.path])
        #expect(imported.status == 0, "\(imported.talk)")
        return try body(timeline.path)
    }

    @Test("no line is earlier than the one before it, folded heartbeats or not")
    func lines() throws {
        try Self.withAll { path in
            for options in [[], ["--heartbeats"]] {
                let frames = try CommandTests.run(["frames", path, "-t", "delta"] + options)
                let lines = frames.output.split(separator: "\n").dropFirst()
                let deltas = lines.compactMap { Double($0.prefix(13).filter { $0 != " " }) }
                #expect(deltas.count == lines.count && deltas.count > 300)
                #expect(deltas.allSatisfy { $0 >= 0 }, "\(deltas.filter { $0 < 0 })")
                #expect(frames.output.contains("♥") == options.isEmpty)
            }
        }
    }

    @Test("rows in other formats come in the same order, and none is lost")
    func rows() throws {
        try Self.withAll { path in
            let sorted = try CommandTests.run(
                ["query", path, "--sql", "SELECT at_ns FROM frames ORDER BY at_ns", "--format", "csv"])
            let frames = try CommandTests.run(["frames", path, "--format", "csv"])
            // A payload has line ends of its own: the rows are told by the times alone.
            let jsonl = try CommandTests.run(["frames", path, "--format", "jsonl"])
            let rows = jsonl.output.split(separator: "\n").map(String.init)
            let times = rows.compactMap { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["at_ns"] as? Int64
            }
            #expect(times.map(String.init) == sorted.output.split(separator: "\r\n").dropFirst().map(String.init))
            #expect(frames.output.hasPrefix("id,session_id,"))

            // A limit counts after the merge: the earliest of all.
            let first = try CommandTests.run(["frames", path, "--format", "jsonl", "--limit", "3"])
            #expect(first.output.split(separator: "\n").map(String.init) == Array(rows.prefix(3)))
        }
    }
}
