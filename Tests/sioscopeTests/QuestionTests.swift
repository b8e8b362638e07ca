import Queries
import Testing
import Timeline

@testable import sioscope

@Suite("Questions")
struct QuestionTests {
    static let declared: [QueryParameter] = [
        .init(name: "session", type: .integer, standard: .null, meaning: "a session"),
        .init(name: "over_ms", type: .real, standard: .real(1.5), meaning: "shortest"),
        .init(name: "event", type: .text, standard: nil, meaning: "name of the event"),
    ]

    struct Case: CustomTestStringConvertible, Sendable {
        let given: [String]
        var names = ["session", "over_ms", "event"]
        var declared = QuestionTests.declared
        let expected: Result<[String: TimelineValue], ToolError>
        var testDescription: String { self.given.joined(separator: " ") }
    }

    static let cases: [Case] = [
        .init(
            given: ["event=a=b"],
            expected: .success(["session": .null, "over_ms": .real(1.5), "event": .text("a=b")])),
        .init(
            given: ["event=12", "session=3", "over_ms=2"],
            expected: .success(["session": .integer(3), "over_ms": .real(2), "event": .text("12")])),
        .init(
            given: ["event=1", ":event=2"], names: ["event"],
            expected: .failure(ToolError("-p event is given twice; give it once"))),
        .init(
            given: [":a=1", "b=1.5", "c=x", "d="], names: [":a", "b", "c", "d"], declared: [],
            expected: .success(["a": .integer(1), "b": .real(1.5), "c": .text("x"), "d": .text("")])),
        .init(given: ["a=nan"], names: ["a"], declared: [], expected: .success(["a": .text("nan")])),
        .init(given: [], expected: .failure(ToolError("missing parameter: -p event=…, name of the event"))),
        .init(given: [], names: ["x"], declared: [], expected: .failure(ToolError("missing parameter: -p x=…"))),
        .init(given: ["event"], expected: .failure(ToolError("-p event: expected name=value"))),
        .init(given: ["=1"], expected: .failure(ToolError("-p =1: expected name=value"))),
        .init(
            given: ["event=a", "session=x"],
            expected: .failure(ToolError("-p session=x: expected an integer, a session"))),
        .init(
            given: ["event=a", "sesion=1"],
            expected: .failure(
                ToolError("-p sesion: the query has no such parameter; it takes event, over_ms, session"))),
        .init(
            given: ["a=1"], names: [], declared: [],
            expected: .failure(ToolError("-p a: the query has no such parameter; it takes none"))),
    ]

    @Test("parameters", arguments: cases)
    func values(_ c: Case) {
        let actual = Result { () throws(ToolError) -> [String: TimelineValue] in
            do {
                return try QueryArguments(c.given).values(for: c.names, declared: c.declared)
            } catch {
                throw error as? ToolError ?? ToolError("another kind of error: \(error)")
            }
        }
        #expect(actual == c.expected)
    }

    @Test(
        "a mistyped name",
        arguments: [
            ("slowest-ack", ["slowest-acks"]), ("heartbeat", ["heartbeat-latency", "unhealthy-heartbeats"]),
            ("zzzzzz", []), ("ANOMALIES", ["anomalies"]),
        ])
    func nearest(_ name: String, _ expected: [String]) {
        #expect(NearestNames.of(name, among: Queries.all.map(\.name)) == expected)
    }

    @Test(
        "letters between two words",
        arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("frames", "fames", 1)])
    func distance(_ a: String, _ b: String, _ expected: Int) {
        #expect(NearestNames.distance(Array(a), Array(b)) == expected)
    }

    @Test("conditions are joined so that a comment in one cannot swallow the rest")
    func filter() {
        let filter = FrameFilter(session: 2, condition: "event = 'a' -- so", limit: 5)
        #expect(
            filter.sql(after: "SELECT 1 FROM frames")
                == "SELECT 1 FROM frames WHERE session_id = :session AND (\nevent = 'a' -- so\n) ORDER BY id LIMIT :limit"
        )
        #expect(filter.parameters == ["session": .integer(2), "limit": .integer(5)])
        #expect(FrameFilter().sql(after: "S") == "S ORDER BY id")
    }
}
