import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Files of killed imports")
struct StaleFilesTests {
    /// Larger than any process id that a system gives.
    private static let nobody = Int(pid_t.max)

    let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func make(_ name: String) -> String {
        let path = self.folder.file(name)
        _ = FileManager.default.createFile(atPath: path, contents: Data("rows".utf8))
        return path
    }

    @Test("the next import removes what nobody writes any more, and nothing else")
    func removes() throws {
        let stale = self.make(".sioscope-\(Self.nobody)-1z141z4.tmp")
        let journal = self.make(".sioscope-\(Self.nobody)-1z141z4.tmp-journal")
        let kept = [
            ".sioscope-\(getpid())-1z141z4.tmp", ".sioscope-\(Self.nobody).tmp", ".sioscope-\(Self.nobody)-a-b.tmp",
            ".sioscope-\(Self.nobody)-?.tmp", ".sioscope--1-a.tmp", "sioscope-\(Self.nobody)-a.tmp", "notes.tmp",
        ].map(self.make)
        try Sample.write(TimelineBatch(), to: self.folder.file("x.db"))
        #expect(!FileManager.default.fileExists(atPath: stale))
        #expect(!FileManager.default.fileExists(atPath: journal))
        for path in kept { #expect(FileManager.default.fileExists(atPath: path), "\(path)") }
    }

    @Test("so does an import that appends, and a recording")
    func removesBesideStanding() throws {
        let timeline = self.folder.file("x.db")
        try Sample.write(TimelineBatch(), to: timeline)
        for mode in [TimelineWriter.Mode.importing, .live] {
            let stale = self.make(".sioscope-\(Self.nobody)-a.tmp")
            try TimelineWriter(path: timeline, mode: mode).abandon()
            #expect(!FileManager.default.fileExists(atPath: stale))
        }
    }

    @Test("a file that is locked is being written, even where its process is not known here")
    func locked() throws {
        let path = self.make(".sioscope-\(Self.nobody)-a.tmp")
        let descriptor = open(path, O_RDWR)
        try #require(descriptor >= 0)
        // SQLite's pending byte; the lock belongs to the open file, and so is seen in the same process too.
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 0x4000_0000
        lock.l_len = 1
        let openFileLock: Int32 = 37  // F_OFD_SETLK, fcntl(2)
        try #require(fcntl(descriptor, openFileLock, &lock) == 0)
        StaleFiles.remove(in: self.folder.path)
        #expect(FileManager.default.fileExists(atPath: path))
        close(descriptor)
        StaleFiles.remove(in: self.folder.path)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("an import under way has its file locked")
    func underWay() throws {
        let writer = try TimelineWriter(path: self.folder.file("x.db"), mode: .importing)
        try writer.begin(Sample.capture, toolVersion: "1")
        let names = try FileManager.default.contentsOfDirectory(atPath: self.folder.path)
        let name = try #require(names.first { NewFile.writer(ofTemporary: $0) == getpid() })
        // Through an open file of its own, for locks of one process do not stand in its own way.
        let descriptor = open(self.folder.file(name), O_RDWR)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        let openFileLock: Int32 = 37  // F_OFD_SETLK, fcntl(2)
        #expect(fcntl(descriptor, openFileLock, &lock) != 0)
        writer.abandon()
        close(descriptor)
    }
}
