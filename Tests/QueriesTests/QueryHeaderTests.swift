import Queries
import Testing

@Suite("Query headers")
struct QueryHeaderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let line: String
        let expected: QueryParameter?
        var testDescription: String { self.name }
    }

    static let parameters: [Case] = [
        .init(
            name: "required", line: "-- param:  :event TEXT  name of the event",
            expected: .init(name: "event", type: .text, standard: nil, meaning: "name of the event")),
        .init(
            name: "integer", line: "-- param: :limit INTEGER = 20 rows at most",
            expected: .init(name: "limit", type: .integer, standard: .integer(20), meaning: "rows at most")),
        .init(
            name: "real", line: "--param: :over REAL = 1.5 ms  ",
            expected: .init(name: "over", type: .real, standard: .real(1.5), meaning: "ms")),
        .init(
            name: "null", line: "-- param: :session INTEGER = NULL all without",
            expected: .init(name: "session", type: .integer, standard: .null, meaning: "all without")),
        .init(
            name: "quoted", line: "-- param: :who TEXT = 'it''s me' a name",
            expected: .init(name: "who", type: .text, standard: .text("it's me"), meaning: "a name")),
        .init(name: "no colon", line: "-- param: limit INTEGER = 20", expected: nil),
        .init(name: "no type", line: "-- param: :limit = 20", expected: nil),
        .init(name: "unknown type", line: "-- param: :limit BLOB", expected: nil),
        .init(name: "no default after =", line: "-- param: :limit INTEGER =", expected: nil),
        .init(name: "quote left open", line: "-- param: :who TEXT = 'me", expected: nil),
    ]

    @Test("a parameter", arguments: parameters)
    func parameter(_ c: Case) throws {
        let text = "-- title: t\n\(c.line)\nSELECT 1"
        if let expected = c.expected {
            #expect(try QueryHeader(of: text).parameters == [expected])
        } else {
            let error = #expect(throws: QueryHeaderError.self) { try QueryHeader(of: text) }
            #expect(error?.line == 2)
        }
    }

    @Test("ends at the SQL; other comments and empty lines are passed over")
    func ending() throws {
        let header = try QueryHeader(
            of:
                "-- Copyright: x\n\n  -- title:   Hello  \n-- column: a INTEGER one\nSELECT 1 -- title: no\n-- title: no"
        )
        #expect(header.title == "Hello")
        #expect(header.columns == [.init(name: "a", type: .integer, meaning: "one")])
        #expect(try QueryHeader(of: "").title == nil)
    }

    @Test("names with _ are the same")
    func named() {
        #expect(Queries.named("slowest_acks")?.name == "slowest-acks")
        #expect(Queries.named("slowest") == nil)
    }
}
