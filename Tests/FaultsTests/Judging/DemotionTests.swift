import Testing
import TimelineModel

@testable import Faults

/// A recording, and how bad its missing pongs are in the end.
struct DemotionCase: CustomTestStringConvertible, Sendable {
    let name: String
    let recording: String
    /// Severity of each finding of `pong-missing`, with the word of what demoted it.
    let expected: [String]
    var testDescription: String { self.name }
}

@Suite("Demotions")
struct DemotionTests {
    static let cases: [DemotionCase] = [
        DemotionCase(
            name: "two sessions of a host owe pongs and one speaks again: the host slept",
            recording: """
                capture end=120
                session pi=20000 pt=10000
                0.000 S open
                20.000 S 2
                30.000 S close
                40.000 C 42["x"]
                session pi=20000 pt=10000
                1.000 S open
                21.000 S 2
                31.000 S close
                40.100 C 42["x"]
                """,
            // The second session's pong shows nothing new: the host has just spoken.
            expected: ["note suspended-host", "note suspended-host"]),
        DemotionCase(
            name: "one of three sessions spoke meanwhile: the host was awake",
            recording: """
                capture end=120
                session pi=20000 pt=10000
                0.000 S open
                20.000 S 2
                30.000 S close
                31.000 C 42["x"]
                session pi=20000 pt=10000
                1.000 S open
                21.000 S 2
                31.000 S close
                31.100 C 42["x"]
                session pi=50000 pt=40000
                2.000 S open
                22.000 C 42["x"]
                24.000 C 42["x"]
                26.500 C 42["x"]
                29.000 C 42["x"]
                """,
            expected: ["error", "error"]),
        DemotionCase(
            name: "hosts with other addresses are other hosts",
            recording: """
                capture end=120
                session pi=20000 pt=10000 client=10.0.0.1
                0.000 S open
                20.000 S 2
                30.000 S close
                40.000 C 42["x"]
                session pi=20000 pt=10000 client=10.0.0.2
                1.000 S open
                21.000 S 2
                31.000 S close
                40.100 C 42["x"]
                """,
            expected: ["error", "error"]),
        DemotionCase(
            name: "a session that had ended before owes nothing any more",
            recording: """
                capture end=120
                session pi=20000 pt=10000
                0.000 S open
                1.000 S 2
                2.000 C close
                session pi=20000 pt=10000
                1.000 S open
                21.000 S 2
                31.000 S close
                40.000 C 42["x"]
                """,
            expected: ["error"]),
        DemotionCase(
            name: "the host never speaks again",
            recording: """
                capture end=120
                session pi=20000 pt=10000
                0.000 S open
                0.001 C 40
                20.000 S 2
                30.000 S close
                session pi=20000 pt=10000
                1.000 S open
                1.001 C 40
                21.000 S 2
                31.000 S close
                """,
            expected: ["error", "error"]),
        DemotionCase(
            name: "5 s of silence are no sleep",
            recording: """
                capture end=120
                session pi=20000 pt=4000
                0.000 S open
                20.000 S 2
                24.000 S close
                25.000 C 42["x"]
                session pi=20000 pt=4000
                0.000 S open
                20.000 S 2
                24.000 S close
                25.000 C 42["x"]
                """,
            expected: ["error", "error"]),
        DemotionCase(
            name: "the clock stepped within the time",
            recording: """
                session pi=25000 pt=20000
                0.000 S open
                0.001 C 40
                25.000 S 2
                30.000 anomaly capture.clock-step the time goes back by 3000 ms
                45.000 S close
                """,
            expected: ["note clock-step"]),
        DemotionCase(
            name: "the clock stepped back over the beginning of the time",
            recording: """
                session pi=25000 pt=20000
                0.000 S open
                0.001 C 40
                25.000 S 2
                20.000 anomaly capture.clock-step the time goes back by 5000 ms
                45.000 S close
                """,
            expected: ["note clock-step"]),
        DemotionCase(
            name: "the clock stepped before",
            recording: """
                session pi=25000 pt=20000
                0.000 S open
                0.001 C 40
                25.000 S 2
                10.000 anomaly capture.clock-step the time goes back by 5000 ms
                45.000 S close
                """,
            expected: ["error"]),
        DemotionCase(
            name: "a step whose length is not said counts where it is",
            recording: """
                session pi=25000 pt=20000
                0.000 S open
                0.001 C 40
                25.000 S 2
                30.000 anomaly capture.clock-step the time goes back
                45.000 S close
                """,
            expected: ["note clock-step"]),
        DemotionCase(
            name: "a step of an absurd length reaches to the end of time",
            recording: """
                session pi=25000 pt=20000
                0.000 S open
                0.001 C 40
                25.000 S 2
                1.000 anomaly capture.clock-step the time goes back by 9223372036854775807 ms
                45.000 S close
                """,
            expected: ["note clock-step"]),
    ]

    @Test("of a missing pong", arguments: cases)
    func demotes(_ test: DemotionCase) throws {
        let lines = test.recording.split(separator: "\n").enumerated().map {
            Scenario.Line(number: $0.offset + 1, text: String($0.element))
        }
        let findings = try Recording(lines).analysed(Configuration()).findings.filter { $0.rule == "pong-missing" }
        let words = findings.map { finding in
            let demotion = ["suspended-host", "clock-step"].first { finding.evidence.contains("\"demoted\":\"\($0)\"") }
            return [finding.severity.rawValue, demotion].compactMap { $0 }.joined(separator: " ")
        }
        #expect(words == test.expected)
    }
}
