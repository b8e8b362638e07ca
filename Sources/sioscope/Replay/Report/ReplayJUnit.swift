import Faults
import Replay
import TimelineModel

/// The outcome of a replay as JUnit's XML: one suite, with a case for the packets, one for each rule that found
/// something (or one for all rules), and one for the client's process.
struct ReplayJUnit {
    private struct Case {
        var classname = "sioscope.replay"
        var name: String
        var type = ""
        /// One sentence each; none where it passes.
        var failures: [String] = []
        var output: [String] = []
    }

    private let report: ReplayReport

    init(_ report: ReplayReport) {
        self.report = report
    }

    func print(to write: (String) throws -> Void) throws {
        let cases = [self.packets] + self.rules + self.process
        let failed = cases.count { !$0.failures.isEmpty }
        let errors = self.report.isInterrupted ? 1 : 0
        let counts = "tests=\"\(cases.count + errors)\" failures=\"\(failed)\" errors=\"\(errors)\""
        try write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sioscope\" \(counts)>\n")
        let seconds = Lapse.seconds(self.report.durationNs)
        let name = JUnitReport.escape("replay \(self.report.subject)")
        try write("  <testsuite name=\"\(name)\" \(counts) time=\"\(seconds)\">\n")
        for item in cases {
            let head =
                "<testcase classname=\"\(JUnitReport.escape(item.classname))\""
                + " name=\"\(JUnitReport.escape(item.name))\""
            guard !item.failures.isEmpty || !item.output.isEmpty else {
                try write("    \(head)/>\n")
                continue
            }
            try write("    \(head)>\n")
            if let first = item.failures.first {
                let text = item.failures.map(JUnitReport.escape).joined(separator: "\n")
                try write(
                    "      <failure type=\"\(item.type)\" message=\"\(JUnitReport.escape(first))\">\(text)</failure>\n")
            }
            if !item.output.isEmpty {
                let text = item.output.map(JUnitReport.escape).joined(separator: "\n")
                try write("      <system-out>\(text)</system-out>\n")
            }
            try write("    </testcase>\n")
        }
        if self.report.isInterrupted {
            try write(
                "    <testcase classname=\"sioscope.replay\" name=\"the whole replay\">\n      <error "
                    + "type=\"interrupted\" message=\"a signal ended the replay before its verdict\"/>\n"
                    + "    </testcase>\n")
        }
        try write("  </testsuite>\n</testsuites>\n")
    }

    private var packets: Case {
        var result = Case(name: "\(self.report.expected) recorded packets", type: "divergence")
        result.failures = self.report.failures
        for part in self.report.parts {
            let prefix = part.name.map { "\($0): " } ?? ""
            for divergence in part.outcome.divergences {
                let places = divergence.differences.map {
                    "\($0.pointer): recorded \($0.recorded ?? "nothing"), live \($0.live ?? "nothing")"
                }
                let parts = [divergence.what, divergence.detail] + places
                result.failures.append(
                    prefix + "\(divergence.kind.rawValue) "
                        + parts.filter { !$0.isEmpty }.joined(separator: "; "))
            }
            if let waited = part.outcome.waitedFor {
                // A replay that a signal ended waits for something; that is no failure.
                let text = "\(prefix)waited for \(waited)"
                if self.report.isInterrupted { result.output.append(text) } else { result.failures.append(text) }
            }
        }
        return result
    }

    private var rules: [Case] {
        var cases: [Case] = []
        var places: [String: Int] = [:]
        let faults = Set(self.report.faults)
        for finding in self.report.findings where faults.contains(finding) || finding.severity > .note {
            let place = places[finding.rule] ?? cases.count
            if place == cases.count {
                places[finding.rule] = place
                let layer = Catalogue.page(finding.rule)?.layer.rawValue ?? ""
                cases.append(Case(classname: "sioscope.\(layer)", name: finding.rule, type: finding.severity.rawValue))
            }
            let text = "\(finding.severity.rawValue) \(finding.message)"
            if faults.contains(finding) { cases[place].failures.append(text) } else { cases[place].output.append(text) }
        }
        return cases.isEmpty ? [Case(name: "all rules")] : cases
    }

    private var process: [Case] {
        guard let process = self.report.process else { return [] }
        return [Case(name: "the client's process", output: [ReplayText.text(of: process)])]
    }
}
