import Foundation
import JSONText
import Testing
import TimelineModel

@testable import Faults

/// No timeline may crash the rules or the diagnosis, whatever stands in its columns.
@Suite("Any timeline")
struct RobustnessTests {
    /// Each is a block of seeds, for a failure to name one.
    static let blocks = 0..<(ProcessInfo.processInfo.environment["FAULTS_SEED_BLOCKS"].flatMap { Int($0) } ?? 10)
    static let seeds = 40

    @Test("is judged without a trap, and its findings can be shown", arguments: Self.blocks)
    func survives(_ block: Int) {
        for seed in UInt64(block * Self.seeds)..<UInt64((block + 1) * Self.seeds) {
            let (outcome, diagnoses) = RandomTimeline(seed: seed).analysed()
            let problems = Self.problems(outcome.findings, diagnoses)
            #expect(problems.isEmpty, "seed \(seed): \(problems)")
        }
    }

    @Test("says the same twice")
    func repeats() {
        for seed in UInt64(0)..<24 {
            let (first, told) = RandomTimeline(seed: seed).analysed()
            let (second, again) = RandomTimeline(seed: seed).analysed()
            let difference = first.findings.difference(from: second.findings)
            #expect(difference.isEmpty, "seed \(seed): \(difference)")
            #expect(told == again, "seed \(seed)")
        }
    }

    @Test("is judged under any threshold", arguments: [-.infinity, -1e300, -1, 0, 0.5, 1e18, 1e300, .infinity, .nan])
    func thresholds(_ value: Double) {
        var configuration = Configuration()
        for rule in Catalogue.all {
            for threshold in rule.page.thresholds {
                configuration.entries[rule.page.id, default: .init()].thresholds[threshold.name] = value
            }
        }
        for seed in UInt64(0)..<24 {
            let (outcome, diagnoses) = RandomTimeline(seed: seed).analysed(configuration)
            let problems = Self.problems(outcome.findings, diagnoses)
            #expect(problems.isEmpty, "seed \(seed): \(problems)")
        }
    }

    @Test("makes the rules speak: a generator whose timelines break nothing would test nothing")
    func speaks() {
        var rules: Set<String> = []
        for seed in UInt64(0)..<400 { rules.formUnion(RandomTimeline(seed: seed).analysed().0.findings.map(\.rule)) }
        let silent = Set(Catalogue.all.map { $0.page.id }).subtracting(rules).sorted()
        #expect(rules.count >= 70, "these say nothing: \(silent)")
    }

    private static func problems(_ findings: [Finding], _ diagnoses: [Diagnosis]) -> [String] {
        var problems: [String] = []
        for (finding, next) in zip(findings, findings.dropFirst()) where next.at < finding.at {
            problems.append("\(next.rule) stands behind the later \(finding.rule)")
        }
        for finding in findings {
            if Self.hasControl(finding.message) {
                problems.append("\(finding.rule) says \(finding.message.debugDescription)")
            }
            let evidence = try? JSONValue(finding.evidence)
            if evidence?["frames"] == nil { problems.append("\(finding.rule) rests on \(finding.evidence)") }
        }
        for diagnosis in diagnoses {
            let told = [diagnosis.paragraph] + diagnosis.others.map(\.sentence)
            problems += told.filter(Self.hasControl).map { "a diagnosis says \($0.debugDescription)" }
        }
        return problems
    }

    /// What a terminal obeys, or what makes a line look other than it is.
    private static func hasControl(_ text: String) -> Bool {
        text.unicodeScalars.contains {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
    }
}
