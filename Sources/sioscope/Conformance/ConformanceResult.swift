import Replay

/// What one scenario came to.
struct ConformanceResult: Sendable {
    var scenario: Scenario
    var verdict: ConformanceVerdict
    /// What happened, in order.
    var transcript: [ConformanceNote] = []
    /// From its beginning to the verdict.
    var ns: Int64 = 0

    var word: String {
        switch self.verdict {
        case .passed: "pass"
        case .failed: "fail"
        case .skipped: "skip"
        }
    }

    /// Why it was not passed; nil where it was.
    var reason: String? {
        switch self.verdict {
        case .passed: nil
        case .skipped(let reason): reason
        case .failed(let failure):
            (failure.step.map { "line \($0.line), \($0.text): " } ?? "") + failure.reason
                + (failure.rule.map { " [\($0)]" } ?? "")
        }
    }

    var isFailure: Bool { if case .failed = self.verdict { true } else { false } }
}
