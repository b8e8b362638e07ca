import Foundation
import Testing
import TimelineModel

@testable import Timeline

/// What stands at a path that is no timeline, for both ways to open it.
@Suite("Files that are no timeline")
struct FileErrorTests {
    let folder: TemporaryFolder
    var path: String { self.folder.file("x.db") }

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func readingError() -> TimelineError? {
        #expect(throws: TimelineError.self) { try TimelineReader(path: self.path) }
    }

    private func writingError(_ mode: TimelineWriter.Mode) -> TimelineError? {
        #expect(throws: TimelineError.self) { try TimelineWriter(path: self.path, mode: mode) }
    }

    struct Kind: CustomTestStringConvertible, Sendable {
        let name: String?
        let bytes: [UInt8]
        var testDescription: String { self.name ?? "unknown" }
    }

    static let kinds: [Kind] = [
        Kind(name: "a pcap capture", bytes: [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0]),
        Kind(name: "a pcap capture", bytes: [0xA1, 0xB2, 0x3C, 0x4D, 0, 2, 0, 4]),
        Kind(name: "a pcapng capture", bytes: [0x0A, 0x0D, 0x0D, 0x0A, 0x1C, 0, 0, 0]),
        Kind(name: "a gzip file", bytes: [0x1F, 0x8B, 8, 0]),
        Kind(name: "a JSON file", bytes: Array("\u{FEFF} {\"log\":{}}".utf8)),
        Kind(name: "a text file", bytes: Array("hello, Grüße\n".utf8)),
        Kind(name: "a damaged SQLite database", bytes: Array("SQLite format 3\u{0}cut".utf8)),
        Kind(name: nil, bytes: [0, 1, 2, 3]),
    ]

    @Test("another kind of file is named, and left alone", arguments: kinds)
    func otherKind(_ kind: Kind) throws {
        // Longer than a page of SQLite's header, so that it looks at the bytes.
        let bytes = kind.bytes + (kind.name == "a text file" ? [] : [UInt8](repeating: 0, count: 2000))
        _ = try self.folder.write("x.db", bytes)
        #expect(self.readingError() == .notATimeline(path: self.path, kind: kind.name, .reading))
        #expect(self.writingError(.importing) == .notATimeline(path: self.path, kind: kind.name, .writing))
        #expect(self.writingError(.live) == .notATimeline(path: self.path, kind: kind.name, .writing))
        #expect(try self.folder.bytes("x.db") == bytes)
        #expect(self.folder.names == ["x.db"])
    }

    @Test("a missing file")
    func missing() {
        #expect(self.readingError() == .missing(path: self.path))
        #expect(self.folder.names.isEmpty)
    }

    @Test("a missing folder, and a file in its place", arguments: ["none/x.db", "file/x.db"])
    func missingFolder(_ name: String) throws {
        _ = try self.folder.write("file", [1])
        let path = self.folder.file(name)
        #expect(throws: TimelineError.missing(path: path)) { try TimelineReader(path: path) }
        let writing = #expect(throws: TimelineError.self) { try TimelineWriter(path: path, mode: .importing) }
        #expect(writing == .missingFolder(path: path, folder: FilePlace(path: path).folder))
    }

    @Test("a name that is none, for reading and writing", arguments: ["", "-"])
    func noName(_ name: String) {
        #expect(throws: TimelineError.noFileName(name)) { try TimelineReader(path: name) }
        #expect(throws: TimelineError.noFileName(name)) { try TimelineWriter(path: name, mode: .importing) }
        #expect(throws: TimelineError.noFileName(name)) { try TimelineWriter(path: name, mode: .live) }
    }

    @Test("a link to nothing")
    func danglingLink() throws {
        try FileManager.default.createSymbolicLink(atPath: self.path, withDestinationPath: "nowhere.db")
        #expect(self.readingError() == .danglingLink(path: self.path, target: "nowhere.db"))
        #expect(self.writingError(.importing) == .danglingLink(path: self.path, target: "nowhere.db"))
        #expect(self.writingError(.live) == .danglingLink(path: self.path, target: "nowhere.db"))
        #expect(self.folder.names == ["x.db"])
        // A link to a timeline is as good as the timeline.
        try Sample.write(Sample.batch(frames: 2), to: self.folder.file("nowhere.db"))
        #expect(try rows(self.path, "SELECT count(*) FROM frames") == ["2"])
    }

    @Test("only what import reads is sent there", arguments: kinds)
    func advice(_ kind: Kind) {
        let isRead = ["a pcap capture", "a pcapng capture", "a gzip file", "a JSON file"].contains(kind.name)
        let text = "\(TimelineError.notATimeline(path: "a.x", kind: kind.name, .reading))"
        #expect(text.contains("`sioscope import`") == isRead)
        #expect(text.hasSuffix("name another") || text.hasSuffix("name another file"))
    }

    @Test("a directory, an empty file, a device")
    func special() throws {
        let place = self.folder.path
        #expect(throws: TimelineError.directory(path: place)) { try TimelineReader(path: place) }
        #expect(throws: TimelineError.directory(path: place)) { try TimelineWriter(path: place, mode: .live) }
        _ = try self.folder.write("x.db", [])
        #expect(self.readingError() == .empty(path: self.path))
        #expect(self.writingError(.importing) == .empty(path: self.path))
        #expect(try self.folder.bytes("x.db").isEmpty)
        let device = "/dev/null"
        #expect(throws: TimelineError.notATimeline(path: device, kind: "a device", .writing)) {
            try TimelineWriter(path: device, mode: .importing)
        }
    }

    @Test("a database of another program")
    func foreign() throws {
        let path = self.path
        // Any file of ours, made another's.
        try Sample.write(TimelineBatch(), to: path)
        try execute("PRAGMA application_id = 7", on: path)
        let before = try self.folder.bytes("x.db")
        let kind = "an SQLite database of another program"
        #expect(self.readingError() == .notATimeline(path: path, kind: kind, .reading))
        #expect(self.writingError(.importing) == .notATimeline(path: path, kind: kind, .writing))
        #expect(try self.folder.bytes("x.db") == before)
    }

    @Test("a newer format says both numbers and what to do")
    func newer() throws {
        try Sample.write(Sample.batch(frames: 1), to: self.path)
        try execute("PRAGMA user_version = 7", on: self.path)
        let before = try self.folder.bytes("x.db")
        let expected = TimelineError.newerFormat(path: self.path, found: 7, known: Schema.current.format)
        #expect(self.readingError() == expected)
        #expect(self.writingError(.importing) == expected)
        #expect(self.writingError(.live) == expected)
        #expect("\(expected)" == "\(self.path) has timeline format 7, this sioscope knows 2: upgrade sioscope")
        #expect(try self.folder.bytes("x.db") == before)
        #expect(self.folder.names == ["x.db"])
    }

    @Test("a timeline cut short is damaged or at least no crash", arguments: [100, 1000, 16_384, 40_000])
    func cutShort(length: Int) throws {
        try Sample.write(Sample.batch(frames: 2000), to: self.path)
        let bytes = try self.folder.bytes("x.db")
        try #require(bytes.count > length)
        _ = try self.folder.write("x.db", Array(bytes.prefix(length)))
        #expect(throws: TimelineError.self) {
            try TimelineReader(path: self.path).query("SELECT sum(length(payload)) FROM frames NOT INDEXED") { _ in }
        }
    }

    @Test(
        "names that SQLite would take for something else",
        arguments: ["file:a.db", ":memory:", "a?b#c%41.db", "ä b.db"])
    func oddNames(_ name: String) throws {
        let path = self.folder.file(name)
        try Sample.write(Sample.batch(frames: 2), to: path)
        try Sample.write(Sample.batch(frames: 2), to: path)
        #expect(self.folder.names == [name])
        #expect(try rows(path, "SELECT count(*) FROM frames") == ["4"])
        #expect(FilePlace(path: name).forSQLite == "./" + name)
    }

    @Test("every error is one line that names the file and does not repeat itself")
    func texts() {
        let errors: [TimelineError] = [
            .missing(path: "a.db"), .danglingLink(path: "a.db", target: "b.db"),
            .missingFolder(path: "b/a.db", folder: "b"), .directory(path: "a.db"),
            .empty(path: "a.db"), .notATimeline(path: "a.db", kind: nil, .reading),
            .notATimeline(path: "a.db", kind: "a gzip file", .writing), .newerFormat(path: "a.db", found: 2, known: 1),
            .occupied(path: "a.db"), .readOnly(path: "a.db"), .cannotOpen(path: "a.db", reason: "because"),
            .diskFull(path: "a.db"), .locked(path: "a.db"), .damaged(path: "a.db", message: "m"),
            .inputOutput(path: "a.db", message: "m"), .sql(path: "a.db", message: "m", offset: nil),
        ]
        for error in errors {
            #expect("\(error)".contains("a.db") && !"\(error)".contains("\n"))
        }
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
