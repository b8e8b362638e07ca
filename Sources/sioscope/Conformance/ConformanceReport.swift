import ArgumentParser
import JSONText
import Replay
import TimelineModel

/// Prints results: as they come for a person, at the end for programs.
struct ConformanceReport: Sendable {
    enum Format: String, CaseIterable, ExpressibleByArgument, Sendable {
        case text, json, junit
    }

    /// Lines of what happened before a failure that are shown.
    private static let linesShown = 12

    let format: Format
    private let scenarios: [Scenario]
    private let nameWidth: Int

    init(_ format: Format, _ scenarios: [Scenario]) {
        self.format = format
        self.scenarios = scenarios
        self.nameWidth = scenarios.map(\.name.count).max() ?? 0
    }

    /// One result, for a person.
    func tell(_ result: ConformanceResult) throws {
        guard self.format == .text else { return }
        let terminal = Terminal.current()
        let color: Style =
            switch result.verdict {
            case .passed: .green
            case .failed: .red
            case .skipped: .yellow
            }
        let name = DisplayWidth.pad(result.scenario.name, to: self.nameWidth)
        var text = "\(color(result.word, on: terminal))  \(name)  \(result.scenario.title)\n"
        if let reason = result.reason { text += "      \(Escaping.visible(reason))\n" }
        if result.isFailure {
            text += "      by \(result.scenario.source)\n"
            for note in result.transcript.suffix(Self.linesShown) {
                let time = DisplayWidth.pad(Lapse.seconds(note.atNs), to: 12, right: true)
                text += "      \(time)  \(Escaping.visible(note.text))\n"
            }
        }
        try StandardOutput.shared.write(text)
        try StandardOutput.shared.flush()
    }

    /// All of them; where a signal came first, those until then.
    func finish(_ results: [ConformanceResult], isInterrupted: Bool = false) throws {
        let write = StandardOutput.shared.write
        switch self.format {
        case .text:
            func count(_ word: String) -> Int { results.count { $0.word == word } }
            try write(
                (isInterrupted ? "interrupted after \(results.count) of " : "")
                    + "\(FindingsSummary.count(self.scenarios.count, "scenario")): \(count("pass")) passed, \(count("fail")) failed, "
                    + "\(count("skip")) skipped\n")
        case .json: try write(Self.json(results, isInterrupted: isInterrupted).description + "\n")
        case .junit: try self.junit(results, isInterrupted: isInterrupted, write)
        }
    }

    private static func json(_ results: [ConformanceResult], isInterrupted: Bool) -> JSONValue {
        .object([
            .init("scenarios", .integer(results.count)),
            .init("passed", .integer(results.count { $0.word == "pass" })),
            .init("failed", .integer(results.count { $0.word == "fail" })),
            .init("skipped", .integer(results.count { $0.word == "skip" })),
            .init("interrupted", .bool(isInterrupted)),
            .init("results", .array(results.map(Self.json))),
        ])
    }

    private static func json(_ result: ConformanceResult) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("scenario", .string(result.scenario.name)),
            .init("title", .string(result.scenario.title)),
            .init("source", .string(result.scenario.source)),
            .init("verdict", .string(result.word)),
            .init("reason", result.reason.map { .string($0) } ?? .null),
        ]
        if case .failed(let failure) = result.verdict {
            members.append(.init("rule", failure.rule.map { .string($0) } ?? .null))
            members.append(.init("line", failure.step.map { .integer($0.line) } ?? .null))
        }
        members.append(.init("duration_ms", .integer(result.ns / 1_000_000)))
        members.append(
            .init(
                "transcript",
                .array(
                    result.transcript.map { note in
                        .object([
                            .init("at_ms", .integer(note.atNs / 1_000_000)),
                            .init("text", .string(note.text)),
                        ])
                    })))
        return .object(members)
    }

    private func junit(
        _ results: [ConformanceResult], isInterrupted: Bool, _ write: (String) throws -> Void
    ) throws {
        let errors = isInterrupted ? 1 : 0
        let counts =
            "tests=\"\(results.count + errors)\" failures=\"\(results.count(where: \.isFailure))\""
            + " errors=\"\(errors)\""
            + " skipped=\"\(results.count { $0.word == "skip" })\""
        try write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        try write("<testsuites name=\"sioscope\">\n  <testsuite name=\"conformance\" \(counts)>\n")
        for result in results {
            let head =
                "<testcase classname=\"sioscope.conformance\" name=\"\(JUnitReport.escape(result.scenario.name))\""
                + " time=\"\(Lapse.seconds(result.ns))\""
            let reason = JUnitReport.escape(result.reason ?? "")
            switch result.verdict {
            case .passed: try write("    \(head)/>\n")
            case .skipped: try write("    \(head)><skipped message=\"\(reason)\"/></testcase>\n")
            case .failed:
                let lines = [result.scenario.title, "by \(result.scenario.source)"] + result.transcript.map(\.text)
                let text = lines.map(JUnitReport.escape).joined(separator: "\n")
                try write(
                    "    \(head)>\n      <failure type=\"conformance\" message=\"\(reason)\">\(text)</failure>\n"
                        + "    </testcase>\n")
            }
        }
        if isInterrupted {
            try write(
                "    <testcase classname=\"sioscope.conformance\" name=\"all scenarios\">\n      <error "
                    + "type=\"interrupted\" message=\"a signal came after \(results.count) of "
                    + "\(self.scenarios.count) scenarios\"/>\n    </testcase>\n")
        }
        try write("  </testsuite>\n</testsuites>\n")
    }
}
