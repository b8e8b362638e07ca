import Testing
import TimelineModel

@testable import Decoding
@testable import Faults

/// A block of a rule's fixture: a small recording, and what the rule has to say of it. The format stands in README.md.
struct Scenario: Sendable, CustomTestStringConvertible {
    struct Expected: Hashable, Sendable, CustomStringConvertible {
        var severity: String
        var status: String
        var message: String
        var description: String { "-> \(self.severity) \(self.status) \(self.message)" }
    }

    let rule: String
    let title: String
    let fires: Bool
    /// The number of the trap it stands for, in the catalogue's list of false alarms.
    let trap: String?
    let lines: [Line]
    let expected: [Expected]
    let thresholds: [String: Double]

    struct Line: Sendable {
        var number: Int
        var text: String
    }

    var testDescription: String { "\(self.rule): \(self.title)" }
    var testName: String { self.testDescription }

    /// What the rule says of it, with thresholds changed.
    func findings(shifting thresholds: [String: Double] = [:]) throws -> [Expected] {
        try self.outcome(shifting: thresholds).findings.filter { $0.rule == self.rule }.map {
            Expected(severity: $0.severity.rawValue, status: $0.status.rawValue, message: $0.message)
        }
    }

    func outcome(shifting thresholds: [String: Double] = [:]) throws -> Analysis.Outcome {
        try Recording(self.lines).analysed(self.configuration(shifting: thresholds))
    }

    func configuration(shifting thresholds: [String: Double] = [:]) -> Configuration {
        var configuration = Configuration()
        var entry = Configuration.Entry()
        entry.thresholds = self.thresholds.merging(thresholds) { $1 }
        configuration.entries[self.rule] = entry
        return configuration
    }
}

struct ScenarioError: Error, CustomStringConvertible {
    let description: String

    init(_ line: Scenario.Line, _ text: String) {
        self.description = "line \(line.number): \(text): \(line.text)"
    }

    init(_ text: String) {
        self.description = text
    }
}
