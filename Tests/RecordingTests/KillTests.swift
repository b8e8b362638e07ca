import Foundation
import Testing
import Timeline
import TimelineModel

@testable import Recording

@Suite("A recorder that is killed")
struct KillTests {
    /// So many files, each recorded to and killed as many times, one file beside the other.
    static let files = 0..<10

    @Test("leaves all but the last second, and a timeline that goes on", arguments: Self.files)
    func killed(_ file: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("killed.db")
        var random = SystemRandomNumberGenerator()
        for time in 1...10 {
            let life = UInt64.random(in: 20_000_000...2_000_000_000, using: &random)
            try await self.recordAndKill(path, afterNs: life, time: time)
        }
        // And one that ends well.
        let recording = try LiveRecording(
            path: path, captures: [CaptureFacts(kind: .hook, source: "after")], toolVersion: "test")
        recording.submit(LiveRows.batch(frames: 1...10), CaptureFacts(kind: .hook, source: "after"))
        try recording.finish()
        #expect(try folder.integers(path, "SELECT count(*) FROM captures WHERE source = 'after'") == [1])
        #expect(folder.names == ["killed.db"])
    }

    private func recordAndKill(_ path: String, afterNs: UInt64, time: Int) async throws {
        let process = Process()
        process.executableURL = try Self.recorder
        process.arguments = [path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        try await Task.sleep(nanoseconds: afterNs)
        let killed = Timestamp.now()
        kill(process.processIdentifier, SIGKILL)
        let told = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard FileManager.default.fileExists(atPath: path) else {
            #expect(time == 1 && told.isEmpty, "the file stands before anything is handed in")
            return
        }

        // What was handed in more than a second before; the last line may be cut.
        let due =
            told.split(separator: "\n").dropLast().compactMap { line -> Int64? in
                let numbers = line.split(separator: " ").compactMap { Int64($0) }
                return numbers.count == 2 && numbers[0] < killed.nanoseconds - 1_000_000_000 ? numbers[1] : nil
            }.last ?? 0
        let reader = try TimelineReader(path: path)
        #expect(try reader.texts("SELECT integrity_check FROM pragma_integrity_check") == ["ok"])
        let stored = try reader.texts(
            """
            SELECT count(frames.id) FROM captures JOIN connections ON connections.capture_id = captures.id
            JOIN frames ON frames.connection_id = connections.id
            GROUP BY captures.id ORDER BY captures.id DESC LIMIT 2
            """
        ).compactMap { Int64($0) }
        if due > 0 { #expect(stored.count == 2 && stored.allSatisfy { $0 >= due }, "\(stored) of \(due)") }
    }

    /// Built beside the tests.
    private static var recorder: URL {
        get throws {
            var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            if !FileManager.default.fileExists(atPath: folder.appending(path: "endless-recorder").path) {
                folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .deletingLastPathComponent().appending(path: ".build/debug")
            }
            let file = folder.appending(path: "endless-recorder")
            try #require(FileManager.default.fileExists(atPath: file.path), "endless-recorder is not built")
            return file
        }
    }
}
