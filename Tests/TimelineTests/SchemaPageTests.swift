import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Schema page")
struct SchemaPageTests {
    static let page = SchemaPage(
        sql: Schema.current.steps.flatMap { $0.tables + $0.views }.joined(separator: "\n"))

    @Test("the comments speak of every table, view and column that a timeline has")
    func complete() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("x.db")
        try Sample.write(TimelineBatch(), to: path)
        let real = try rows(
            path,
            "SELECT s.type, s.name, group_concat(c.name, ' ') FROM sqlite_schema AS s, pragma_table_info(s.name) AS c "
                + "WHERE s.type IN ('table', 'view') GROUP BY s.rowid ORDER BY s.rowid")
        let told = Self.page.relations.map {
            "\($0.isView ? "view" : "table")|\($0.name)|\($0.columns.map(\.name).joined(separator: " "))"
        }
        #expect(told == real)
        for relation in Self.page.relations {
            #expect(!relation.meaning.isEmpty, "\(relation.name) has no meaning")
            for column in relation.columns {
                #expect(!column.meaning.isEmpty, "\(relation.name).\(column.name) has no meaning")
                #expect(!column.meaning.contains("|"), "\(relation.name).\(column.name) would break the table")
            }
        }
    }

    @Test("the page says what the schema says; RECORD_GOLDEN=1 writes it anew")
    func inStep() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/sioscope/Documentation.docc/Schema.md").standardizedFileURL
        let text = try String(contentsOf: file, encoding: .utf8)
        let marker =
            "<!-- From here on made of the schema's comments: RECORD_GOLDEN=1 swift test --filter SchemaPage -->\n\n"
        let cut = try #require(text.range(of: marker), "the page has lost its marker")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
            try (text[..<cut.upperBound] + Self.page.markdown).write(to: file, atomically: true, encoding: .utf8)
            return
        }
        let told = text[cut.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        let expected = Self.page.markdown.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, lines) in zip(told, expected).enumerated() {
            try #require(lines.0 == lines.1, "line \(number + 1) after the marker differs")
        }
        #expect(told.count == expected.count)
    }
}
