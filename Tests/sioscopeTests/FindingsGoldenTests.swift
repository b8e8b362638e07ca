import Foundation
import Testing

@testable import sioscope

/// What the rules say of each bundled capture, and the rules' own pages. `make golden` writes both anew; a person reads
/// what changed, line by line.
@Suite("Findings and rules, golden")
struct FindingsGoldenTests {
    private struct Row: Decodable {
        var frame_id: Int64?
        var rule: String
        var severity: String
        var status: String
        var message: String
    }

    @Test("all findings of all bundled captures")
    func captures() throws {
        let names = try BundledCapture.names()
        #expect(names.count > 10)
        var text = ""
        for name in names {
            text += "== \(name)\n"
            try BundledCapture.withTimeline(name) { path in
                let outcome = try CommandTests.run(["analyze", path, "--format", "json", "--fail-on", "never"])
                #expect(outcome.status == 0, "\(outcome.talk)")
                for row in try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8)) {
                    let frame = row.frame_id.map { "@\($0)" } ?? "@-"
                    text += "\(row.rule) \(row.severity) \(row.status) \(frame) \(row.message)\n"
                }
            }
        }
        try BundledCapture.compare(text, golden: "Tests/sioscopeTests/Goldens/findings.txt")
    }

    @Test("the page of the rules says what the rules say")
    func rules() throws {
        try BundledCapture.compare(
            RulesPage.markdown, golden: "Sources/sioscope/Documentation.docc/Rules.md")
    }
}
