import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Recording live")
struct LiveTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("live.db")
    }

    /// Frames with these ids.
    private static func batch(_ ids: ClosedRange<Int64>) -> TimelineBatch {
        var batch = TimelineBatch()
        batch.frames = ids.map { Sample.packet($0, .server, .event, event: "tick") }
        return batch
    }

    @Test("others see what was committed, while it goes on")
    func readMeanwhile() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live)
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["0"], "it can be read from the start")
        #expect(try rows(self.path, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'") == ["4"])
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Self.batch(1...10))
        try writer.commit()
        try writer.write(Self.batch(11...20))

        let reader = try TimelineReader(path: self.path)
        var counts: [TimelineValue] = []
        try reader.query("SELECT count(*) FROM frames") { counts += $0 }
        #expect(counts == [.integer(10)])
        try writer.commit()
        try reader.query("SELECT count(*) FROM frames") { counts += $0 }
        #expect(counts == [.integer(10), .integer(20)], "an open reader sees it grow")
    }

    @Test("finished, it is one file without companions")
    func finished() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Self.batch(1...10))
        try writer.commit()
        try writer.write(Self.batch(11...20))
        try writer.endCapture(Sample.capture)
        try writer.finish()
        #expect(self.folder.names == ["live.db"])
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["20"])
        #expect(self.folder.names == ["live.db"])
    }

    @Test("given up, it keeps what was committed")
    func abandoned() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Self.batch(1...10))
        try writer.commit()
        try writer.write(Self.batch(11...20))
        writer.abandon()
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["10"])
        #expect(self.folder.names == ["live.db"])
    }

    @Test("kill -9 leaves every committed row, and the next recording goes on behind them")
    func killed() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = self.path as String] in
            let writer = try TimelineWriter(path: path, mode: .live)
            try writer.begin(Sample.capture, toolVersion: "test")
            for commit in 0..<5 as Range<Int64> {
                try writer.write(LiveTests.batch(commit * 1000 + 1...commit * 1000 + 1000))
                try writer.commit()
            }
            try writer.write(LiveTests.batch(5001...6000))
            kill(getpid(), SIGKILL)
        }
        #expect(self.folder.names.contains("live.db-wal"), "the process had no time to clean up")
        #expect(try rows(self.path, "SELECT count(*), max(id) FROM frames") == ["5000|5000"])
        #expect(try rows(self.path, "SELECT integrity_check FROM pragma_integrity_check") == ["ok"])

        try Sample.write(Sample.batch(frames: 3), to: self.path, mode: .live)
        #expect(try rows(self.path, "SELECT count(*), max(id) FROM frames") == ["5003|5003"])
        #expect(try rows(self.path, "SELECT count(*) FROM captures") == ["2"])
        #expect(self.folder.names == ["live.db"])
    }

    @Test("a second writer is refused", arguments: [TimelineWriter.Mode.live, .importing])
    func secondWriter(_ mode: TimelineWriter.Mode) throws {
        let first = try TimelineWriter(path: self.path, mode: .live)
        try first.begin(Sample.capture, toolVersion: "test")
        try first.write(Self.batch(1...10))
        let waited = ContinuousClock().measure {
            #expect(throws: TimelineError.locked(path: self.path)) { try TimelineWriter(path: self.path, mode: mode) }
        }
        #expect(
            waited < .milliseconds(Int64(SQLiteConnection.patience)), "refused by our lock, not by SQLite's in the end")
        try first.commit()
        try first.write(Self.batch(11...20))
        try first.finish()
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["20"])
        try Sample.write(Self.batch(1...1), to: self.path, mode: mode)
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["21"])
    }

    @Test("a full disk keeps what was committed")
    func diskFull() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live, schema: .current, pageLimit: 60)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Self.batch(1...10))
        try writer.commit()
        #expect(throws: TimelineError.diskFull(path: self.path)) {
            try writer.write(Self.batch(11...20_000))
        }
        #expect(throws: TimelineError.diskFull(path: self.path)) { try writer.commit() }
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["10"])
        #expect(self.folder.names == ["live.db"])
    }
}
