import Replay
import Testing

@Suite("Scenario parser")
struct ScenarioParserTests {
    struct Bad: CustomTestStringConvertible, Sendable {
        let text: String
        let error: String
        var testDescription: String { self.text }
    }

    static let head = "title a\nsource b\n\n"

    static let bad: [Bad] = [
        .init(text: "", error: "a scenario needs the keys 'title' and 'source' in its head"),
        .init(text: "title a\nsource b\n", error: "a scenario needs a step below its head"),
        .init(text: "title", error: "line 1: 'title' needs a value"),
        .init(text: "colour red", error: "line 1: no key is called 'colour'"),
        .init(text: "transport pigeon", error: "line 1: transport is one of websocket, polling, upgrade"),
        .init(text: "interval soon", error: "line 1: a time is a whole number and ms or s, as in '300 ms'"),
        .init(text: "namespaces chat", error: "line 1: a namespace begins with / and has no comma"),
        .init(text: Self.head + "dance", error: "line 4: no step begins with 'dance'"),
        .init(text: Self.head + "< 42[\"a\"", error: "line 4: '42[\"a\"' is no Socket.IO packet"),
        .init(text: Self.head + "< 2", error: "line 4: expected a message packet ('4...') or '3', found '2'"),
        .init(text: Self.head + "< 451-[\"a\"]", error: "line 4: '451-[\"a\"]' announces 1 attachments, and has 0"),
        .init(text: Self.head + "> 43$id[]", error: "line 4: '$id' is sent, and no '<' above captures it"),
        .init(text: Self.head + "> raw xyz", error: "line 4: raw needs hexadecimal digits"),
        .init(text: Self.head + "> %{a*}", error: "line 4: a repetition is %{TEXT*COUNT}"),
        .init(text: Self.head + "close 99", error: "line 4: close has a code from 1000 to 4999"),
        .init(text: Self.head + "refuse 200", error: "line 4: expected an HTTP status from 400 to 599, found '200'"),
        .init(text: Self.head + "beat 0", error: "line 4: beat needs 1 to 1000 rounds"),
        .init(text: Self.head + "left soon", error: "line 4: left has 'after T' and 'within T' alone"),
        .init(text: Self.head + "wait 99999999999999999999 s", error: "line 4: a time is a whole number"),
    ]

    @Test("what is wrong is said with its line", arguments: Self.bad)
    func refuses(_ c: Bad) {
        do {
            _ = try ScenarioParser.parse(c.text, name: "x")
            Issue.record("it was read")
        } catch {
            #expect(error.description.hasPrefix(c.error), "\(error)")
        }
    }

    @Test("times stand behind their words, in either unit")
    func times() throws {
        let scenario = try ScenarioParser.parse(
            Self.head + "left after 700 ms within 4 s\n< 42[\"a within 3\"] within 20 ms\nreconnect", name: "x")
        #expect(scenario.steps[0].action == .left(after: 700_000_000, within: 4_000_000_000))
        guard case .expect(let pattern, within: 20_000_000, elseSkip: nil) = scenario.steps[1].action else {
            Issue.record("\(scenario.steps[1])")
            return
        }
        #expect(pattern.text == "42[\"a within 3\"]")
        #expect(scenario.steps[2].line == 6)
    }
}
