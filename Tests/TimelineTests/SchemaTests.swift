import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Schema")
struct SchemaTests {
    let folder: TemporaryFolder
    var path: String { self.folder.file("x.db") }

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// The current schema and one format more.
    private static func next(tables: [String]) -> Schema {
        Schema(
            steps: Schema.current.steps + [
                Schema.Step(
                    tables: tables, views: ["CREATE VIEW notes_of_frames AS SELECT id, note FROM frames"],
                    indexes: ["CREATE INDEX frames_by_note ON frames (note)"])
            ])
    }

    private static let nextFormat = next(tables: ["ALTER TABLE frames ADD COLUMN note TEXT"])

    @Test("format number and application id stand in the file's header")
    func header() throws {
        try Sample.write(TimelineBatch(), to: self.path)
        let bytes = try self.folder.bytes("x.db")
        #expect(Array(bytes[60..<64]) == [0, 0, 0, UInt8(Schema.current.format)])
        #expect(Array(bytes[68..<72]) == Array("SIOS".utf8))
    }

    @Test("opening an older file for writing brings it to the newest format, and keeps its rows")
    func migrates() throws {
        try Sample.write(Sample.batch(frames: 5), to: self.path)
        let writer = try TimelineWriter(path: self.path, mode: .importing, schema: Self.nextFormat)
        try writer.begin(Sample.capture, toolVersion: "next")
        try writer.write(Sample.batch(frames: 2))
        try writer.finish()
        let reader = try TimelineReader(path: self.path, schema: Self.nextFormat)
        var lines: [[TimelineValue]] = []
        try reader.query("SELECT count(*), count(note) FROM notes_of_frames") { lines.append($0) }
        try reader.query("SELECT count(*) FROM sqlite_schema WHERE name = 'frames_by_note'") { lines.append($0) }
        #expect(lines == [[.integer(7), .integer(0)], [.integer(1)]])
        #expect(throws: TimelineError.newerFormat(path: self.path, found: 3, known: 2)) {
            try TimelineReader(path: self.path)
        }
    }

    @Test("a new file of a later format is the same as one brought to it")
    func sameEitherWay() throws {
        let old = self.folder.file("old.db")
        try Sample.write(TimelineBatch(), to: old)
        for path in [old, self.path] {
            let writer = try TimelineWriter(path: path, mode: .importing, schema: Self.nextFormat)
            try writer.finish()
        }
        let objects = { (path: String) in
            var names: [String] = []
            try TimelineReader(path: path, schema: Self.nextFormat)
                .query("SELECT type, name, sql FROM sqlite_schema ORDER BY name") { names.append("\($0)") }
            return names
        }
        #expect(try objects(old) == objects(self.path))
    }

    @Test("given up or failed, the older file stays as it was")
    func migrationUndone() throws {
        try Sample.write(Sample.batch(frames: 5), to: self.path)
        let before = try contents(self.path)
        let writer = try TimelineWriter(path: self.path, mode: .importing, schema: Self.nextFormat)
        writer.abandon()
        let broken = Self.next(tables: ["CREATE TABLE notes (x)", "ALTER TABLE nope ADD COLUMN note TEXT"])
        #expect(throws: TimelineError.self) {
            try TimelineWriter(path: self.path, mode: .importing, schema: broken)
        }
        #expect(try contents(self.path) == before)
        #expect(try rows(self.path, "SELECT count(*) FROM sqlite_schema WHERE name = 'notes'") == ["0"])
        #expect(self.folder.names == ["x.db"])
    }

    @Test("tables are STRICT")
    func strict() throws {
        try Sample.write(TimelineBatch(), to: self.path)
        #expect(
            try rows(
                self.path,
                "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"
            ).isEmpty)
    }
}
