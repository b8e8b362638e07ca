import Faults
import TimelineModel

/// JUnit's XML, as build servers read it: a suite a session, a case a rule that found something; a session without
/// findings has one case that passes.
struct JUnitReport {
    private let report: FindingsReport

    init(_ report: FindingsReport) {
        self.report = report
    }

    func print(to write: (String) throws -> Void) throws {
        let bySession = self.report.bySession
        try write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        var suites: [(name: String, findings: [NumberedFinding], session: SessionLine?)] = []
        for session in self.report.sessions {
            let name = "session \(session.id)" + (session.sid.map { " (\($0))" } ?? "")
            suites.append((name, bySession[session.id] ?? [], session))
        }
        if let findings = bySession[nil] { suites.append(("outside of sessions", findings, nil)) }
        let cases = suites.map { Self.rules(of: $0.findings) }
        let tests = cases.reduce(0) { $0 + max(1, $1.count) }
        let failed = suites.reduce(0) { $0 + self.failedRules($1.findings) }
        try write("<testsuites name=\"sioscope\" tests=\"\(tests)\" failures=\"\(failed)\" errors=\"0\">\n")
        for (suite, rules) in zip(suites, cases) {
            try write(
                "  <testsuite name=\"\(Self.escape(suite.name))\" tests=\"\(max(1, rules.count))\""
                    + " failures=\"\(self.failedRules(suite.findings))\" errors=\"0\">\n")
            if rules.isEmpty { try write("    <testcase classname=\"sioscope\" name=\"all rules\"/>\n") }
            for rule in rules {
                try self.printCase(rule, suite.findings.filter { $0.finding.rule == rule }, suite.session, write)
            }
            try write("  </testsuite>\n")
        }
        try write("</testsuites>\n")
    }

    private func isFailure(_ item: NumberedFinding) -> Bool {
        self.report.failOn.least.map { item.finding.severity >= $0 } ?? false
    }

    private func failedRules(_ findings: [NumberedFinding]) -> Int {
        Set(findings.filter(self.isFailure).map(\.finding.rule)).count
    }

    /// In the order of their first findings.
    private static func rules(of findings: [NumberedFinding]) -> [String] {
        var seen: Set<String> = []
        return findings.map(\.finding.rule).filter { seen.insert($0).inserted }
    }

    private func printCase(
        _ rule: String, _ findings: [NumberedFinding], _ session: SessionLine?, _ write: (String) throws -> Void
    ) throws {
        let layer = Catalogue.page(rule)?.layer.rawValue ?? ""
        try write("    <testcase classname=\"sioscope.\(Self.escape(layer))\" name=\"\(Self.escape(rule))\">\n")
        // A case fails once; what is no failure is told as its output.
        let failures = findings.filter(self.isFailure)
        if let first = failures.first {
            try write(
                "      <failure type=\"\(first.finding.severity)\" message=\"\(Self.escape(first.finding.message))\">"
                    + self.text(failures, session) + "</failure>\n")
        }
        let others = findings.filter { !self.isFailure($0) }
        if !others.isEmpty { try write("      <system-out>\(self.text(others, session))</system-out>\n") }
        try write("    </testcase>\n")
    }

    private func text(_ findings: [NumberedFinding], _ session: SessionLine?) -> String {
        findings.map { item in
            let time = FindingsReport.time(of: item, in: session)
            return Self.escape("\(item.finding.severity) \(time) \(item.finding.message)")
        }.joined(separator: "\n")
    }

    /// XML 1.0 knows no control characters, not even as references: they are shown as text.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in Escaping.visible(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
