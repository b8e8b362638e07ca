import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Reading")
struct ReaderTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("x.db")
        try Sample.write(Sample.batch(frames: 5), to: self.path)
    }

    @Test("values keep their kind")
    func values() throws {
        var read: [[TimelineValue]] = []
        try TimelineReader(path: self.path).query(
            "SELECT NULL, 1, -9223372036854775808, 1.5, 'ä', '', x'00ff', x'', 'a' || char(0) || 'b'"
        ) { read.append($0) }
        #expect(
            read == [
                [
                    .null, .integer(1), .integer(.min), .real(1.5), .text("ä"), .text(""), .blob([0, 255]), .blob([]),
                    .text("a\u{0}b"),
                ]
            ])
    }

    @Test("parameters keep their kind")
    func parameters() throws {
        let values: [TimelineValue] = [
            .null, .integer(.max), .real(-0.5), .text("it's"), .text(""), .blob([1, 2]), .blob([]),
        ]
        for value in values {
            var read: [TimelineValue] = []
            try TimelineReader(path: self.path).query("SELECT :value, :value", parameters: ["value": value]) {
                read = $0
            }
            #expect(read == [value, value])
        }
    }

    @Test("parameter names in the order they first appear")
    func parameterNames() throws {
        let reader = try TimelineReader(path: self.path)
        #expect(try reader.parameterNames(of: "SELECT :b, :a, :b -- :c") == ["b", "a"])
        #expect(try reader.parameterNames(of: "SELECT 1").isEmpty)
    }

    @Test("columns come once, before the rows, also where there are none")
    func columns() throws {
        var told: [[String]] = []
        try TimelineReader(path: self.path).query("SELECT id AS a, id AS a, 1 + 1 FROM frames WHERE 0") {
            told.append($0)
        } row: { _ in
            Issue.record("there is no row")
        }
        #expect(told == [["a", "a", "1 + 1"]])
    }

    @Test("a row may ask another query, and may end the whole by throwing")
    func nesting() throws {
        struct Enough: Error {}
        let reader = try TimelineReader(path: self.path)
        var seen: [TimelineValue] = []
        #expect(throws: Enough.self) {
            try reader.query("SELECT id FROM frames ORDER BY id") { outer in
                try reader.query("SELECT :id * 10", parameters: ["id": outer[0]]) { seen += $0 }
                if seen.count == 3 { throw Enough() }
            }
        }
        #expect(seen == [.integer(10), .integer(20), .integer(30)])
        // The reader goes on working after that.
        try reader.query("SELECT count(*) FROM frames") { #expect($0 == [.integer(5)]) }
    }

    @Test("rows stream: an endless query ends when its reader has enough")
    func streaming() throws {
        struct Enough: Error {}
        var count = 0
        #expect(throws: Enough.self) {
            try TimelineReader(path: self.path).query(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
            ) { _ in
                count += 1
                if count == 10_000 { throw Enough() }
            }
        }
        #expect(count == 10_000)
    }

    @Test(
        "one query in wrappings is fine",
        arguments: [
            "SELECT 1;", "select 1 ; -- done", "/* first */ -- then\n ;; SELECT 1 /* open end", "\u{FEFF}SELECT 1",
            "VALUES (1)", "WITH x AS (SELECT 1) SELECT * FROM x", "/**/SELECT 1", "/***/ SELECT 1;\n\n",
        ])
    func wrapped(_ sql: String) throws {
        #expect(try rows(self.path, sql) == ["1"])
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let sql: String
        let says: String
        var testDescription: String { self.sql }

        init(_ sql: String, _ says: String) {
            self.sql = sql
            self.says = says
        }
    }

    @Test(
        "what is no query is refused, and nothing changes",
        arguments: [
            Refusal("DELETE FROM frames", "DELETE: a timeline is only read here"),
            Refusal("-- c\nDELETE FROM frames", "DELETE: a timeline is only read here"),
            Refusal("/* ; */ UPDATE frames SET id = 9", "UPDATE: a timeline is only read here"),
            Refusal("WITH x AS (SELECT 1) DELETE FROM frames", "would change the timeline"),
            Refusal("SELECT 1; DELETE FROM frames", "several statements"),
            Refusal("SELECT 1; nonsense", "several statements"),
            Refusal("ATTACH 'other.db' AS o", "ATTACH: a timeline is only read here"),
            Refusal("PRAGMA journal_mode = DELETE", "pragma_table_info"),
            Refusal("PRAGMA query_only = 0", "PRAGMA: a timeline is only read here"),
            Refusal("BEGIN", "BEGIN: a timeline is only read here"),
            Refusal("VACUUM INTO 'copy.db'", "VACUUM: a timeline is only read here"),
            Refusal("CREATE TEMP TABLE t (x)", "CREATE: a timeline is only read here"),
            Refusal("", "there is no query in it"),
            Refusal(" ; -- nothing", "there is no query in it"),
            Refusal("/* open", "there is no query in it"),
            Refusal("42", "there is no query in it"),
            Refusal("SELEC 1", "SELEC: a timeline is only read here"),
            Refusal("SELECT nope FROM frames", "no such column: nope (at byte 7 of the SQL)"),
            Refusal("SELECT * FROM nope", "x.db: no such table: nope"),
            Refusal("SELECT 1 +", "incomplete input"),
            Refusal("SELECT load_extension('x')", "not authorized"),
            Refusal("SELECT ?", "parameter ?: parameters are bound by name; write it as :name"),
            Refusal("SELECT @a", "parameter @a: parameters are bound by name; write it as :name"),
            Refusal("SELECT :a, :b", "the query needs the parameter b: give it with -p b=VALUE"),
            Refusal("SELECT 1, 2", "the query has no parameter a: it has none"),
            Refusal("SELECT :c, :d", "the query needs the parameter c"),
        ])
    func refused(_ refusal: Refusal) throws {
        let before = try self.folder.bytes("x.db")
        let reader = try TimelineReader(path: self.path)
        #expect {
            try reader.query(
                refusal.sql,
                parameters: refusal.sql.contains(":") || refusal.sql.contains("2") ? ["a": .integer(1)] : [:]
            ) { _ in }
        } throws: { error in
            let text = "\(error)"
            #expect(text.contains(refusal.says) && !text.contains("\n"), "says: \(text)")
            return error is TimelineError
        }
        #expect(try self.folder.bytes("x.db") == before)
        #expect(self.folder.names == ["x.db"])
    }

    @Test("an error in the middle of the rows is told")
    func lateError() throws {
        var seen = 0
        #expect {
            try TimelineReader(path: self.path).query(
                "SELECT CASE id WHEN 3 THEN json('{') ELSE id END FROM frames ORDER BY id"
            ) { _ in seen += 1 }
        } throws: { error in
            "\(error)" == "\(self.path): malformed JSON"
        }
        #expect(seen == 2)
    }
}
