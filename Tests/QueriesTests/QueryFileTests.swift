import Foundation
import Queries
import SampleTimeline
import Testing

@Suite("Query files")
struct QueryFileTests {
    static let files: [String] = {
        let folder = SampleDatabase.packageRoot.appendingPathComponent("queries").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".sql") }.map { String($0.dropLast(4)) }.sorted()
    }()

    @Test("every file has its line in the registry, and every line its file")
    func registered() {
        #expect(Queries.all.map(\.name) == Self.files)
    }

    @Test("the header tells all: title, parameters, and the columns as the result has them", arguments: Queries.all)
    func header(_ query: NamedQuery) throws {
        #expect(!query.title.isEmpty && !query.title.hasSuffix("."))
        #expect(query.parameters.allSatisfy { !$0.meaning.isEmpty })
        #expect(query.columns.allSatisfy { !$0.meaning.isEmpty })

        let result = try SampleDatabase().query(query.sql, query.defaults)
        #expect(result.columns == query.columns.map(\.name))
        #expect(!result.rows.isEmpty, "the sample has a row for every query")
        for (index, column) in query.columns.enumerated() {
            for value in result.rows.map({ $0[index] }) {
                #expect(value.fits(column.type), "\(column.name) \(column.type.rawValue) holds \(value)")
            }
        }
    }

    @Test("every declared parameter is used: the order is fixed, no column is left to chance", arguments: Queries.all)
    func text(_ query: NamedQuery) {
        let body = query.sql.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
        for parameter in query.parameters { #expect(body.contains(":\(parameter.name)")) }
        #expect(body.contains("ORDER BY"))
        #expect(!body.contains("SELECT *"))
    }

    @Test("a session's number leaves the other sessions out", arguments: Queries.all.filter(\.takesSession))
    func session(_ query: NamedQuery) throws {
        let database = try SampleDatabase()
        var parameters = query.defaults
        parameters["session"] = .integer(99)
        #expect(try database.query(query.sql, parameters).rows.isEmpty)
        parameters["session"] = .integer(1)
        let rows = try database.query(query.sql, parameters).rows
        guard let column = query.columns.firstIndex(where: { $0.name == "session_id" }) else { return }
        #expect(rows.allSatisfy { $0[column] == .integer(1) })
    }
}

extension NamedQuery: CustomTestStringConvertible {
    public var testDescription: String { self.name }

    var takesSession: Bool { self.parameters.contains { $0.name == "session" } }

    /// Every parameter at its default; the files here have one for each.
    var defaults: [String: SampleDatabase.Value] {
        Dictionary(
            uniqueKeysWithValues: self.parameters.map { parameter in
                switch parameter.standard {
                case .integer(let number): (parameter.name, .integer(number))
                case .real(let number): (parameter.name, .real(number))
                case .text(let text): (parameter.name, .text(text))
                case .null, nil: (parameter.name, .null)
                }
            })
    }
}

extension SampleDatabase.Value {
    fileprivate func fits(_ type: QueryColumn.ValueType) -> Bool {
        switch (self, type) {
        case (.null, _), (.integer, .integer), (.real, .real), (.text, .text), (.blob, .blob): true
        default: false
        }
    }
}
