import JSONText
import Replay
import Testing

@Suite("Differences of JSON")
struct JSONDifferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let a: String
        let b: String
        let pointers: [String]
        var testDescription: String { "\(self.a) \(self.b)" }
    }

    static let cases = [
        Case(a: "1", b: "1.0", pointers: []),
        Case(a: "-0", b: "0", pointers: []),
        Case(a: "9007199254740993", b: "9007199254740992", pointers: [""]),
        Case(a: "1e400", b: "2e400", pointers: [""]),
        Case(a: "1e400", b: "1e400", pointers: []),
        Case(a: #"{"a":1,"b":2}"#, b: #"{"b":2,"a":1}"#, pointers: []),
        Case(a: #"{"a":1}"#, b: #"{"a":2,"b":3}"#, pointers: ["/a", "/b"]),
        Case(a: "[1,2,3]", b: "[1,3]", pointers: ["/1", "/2"]),
        Case(a: #"{"x/y":{"~":1}}"#, b: #"{"x/y":{"~":2}}"#, pointers: ["/x~1y/~0"]),
        Case(a: #""\u00e9""#, b: #""é""#, pointers: []),
        Case(a: "null", b: "[]", pointers: [""]),
    ]

    @Test("names the places", arguments: Self.cases)
    func places(_ test: Case) throws {
        let found = JSONDifference.between(try JSONValue(test.a), try JSONValue(test.b))
        #expect(found.map(\.pointer) == test.pointers)
    }

    @Test("stops at its limit")
    func limit() throws {
        let a = JSONValue.array((0..<1_000).map { .integer($0) })
        let b = JSONValue.array((0..<1_000).map { .integer($0 + 1) })
        #expect(JSONDifference.between(a, b, limit: 7).count == 7)
    }
}
