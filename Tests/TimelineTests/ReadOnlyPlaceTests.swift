import Foundation
import Testing
import TimelineModel

@testable import Timeline

/// In a process of its own that gives up root's rights: root may write anywhere.
@Suite("Read-only places")
struct ReadOnlyPlaceTests {
    let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private static func becomeNobody() {
        if geteuid() == 0 { precondition(setgid(65_534) == 0 && setuid(65_534) == 0) }
    }

    @Test("a read-only folder: reading works, writing says so")
    func readOnlyFolder() async throws {
        let path = self.folder.file("x.db")
        try Sample.write(Sample.batch(frames: 5), to: path)
        // One that its last writer could not take out of WAL mode, because it was being read.
        let wal = self.folder.file("wal.db")
        try Sample.write(Sample.batch(frames: 5), to: wal)
        try execute("PRAGMA journal_mode = WAL", on: wal)
        // One copied away from under a recording, with rows that stand in its log alone.
        let live = self.folder.file("live.db")
        let writer = try TimelineWriter(path: live, mode: .live)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.commit()
        for end in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: live + end, toPath: self.folder.file("copy.db") + end)
        }
        writer.abandon()
        // Timelines are their owner's alone; another user reads what he was allowed to.
        for name in self.folder.names { chmod(self.folder.file(name), 0o644) }
        chmod(self.folder.path, 0o555)
        defer { chmod(self.folder.path, 0o755) }

        await #expect(processExitsWith: .success) { [folder = self.folder.path as String] in
            ReadOnlyPlaceTests.becomeNobody()
            for name in ["x.db", "wal.db"] {
                let path = "\(folder)/\(name)"
                let counted = try rows(path, "SELECT count(*) FROM frames")
                #expect(counted == ["5"])
                for mode in [TimelineWriter.Mode.importing, .live] {
                    #expect(throws: TimelineError.readOnly(path: path)) { try TimelineWriter(path: path, mode: mode) }
                    let new = "\(folder)/new.db"
                    #expect(throws: TimelineError.readOnly(path: new)) { try TimelineWriter(path: new, mode: mode) }
                }
            }
            let error = #expect(throws: TimelineError.self) { try TimelineReader(path: "\(folder)/copy.db") }
            #expect(error?.description.contains("copy both files") == true, "\(error as Any)")
        }
    }

    @Test("a read-only file in a folder that can be written; one that may not be read")
    func readOnlyFile() async throws {
        let path = self.folder.file("x.db")
        try Sample.write(Sample.batch(frames: 5), to: path)
        let secret = self.folder.file("secret.db")
        try Sample.write(Sample.batch(frames: 5), to: secret)
        chmod(path, 0o444)
        chmod(secret, 0)
        chmod(self.folder.path, 0o777)
        await #expect(processExitsWith: .success) { [folder = self.folder.path as String] in
            ReadOnlyPlaceTests.becomeNobody()
            let path = "\(folder)/x.db"
            let counted = try rows(path, "SELECT count(*) FROM frames")
            #expect(counted == ["5"])
            for mode in [TimelineWriter.Mode.importing, .live] {
                #expect(throws: TimelineError.readOnly(path: path)) { try TimelineWriter(path: path, mode: mode) }
            }
            let error = #expect(throws: TimelineError.self) { try TimelineReader(path: "\(folder)/secret.db") }
            #expect(error?.description.contains("no permission") == true, "\(error as Any)")
        }
        #expect(self.folder.names == ["secret.db", "x.db"])
    }
}
