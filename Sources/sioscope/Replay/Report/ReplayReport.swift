import ArgumentParser
import Faults
import Replay
import TimelineModel

/// What a replay came to, in whatever mode, ready to be printed: the one place that says pass or fail.
struct ReplayReport: Sendable {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json, junit
    }

    /// A role that was played: one as server, one for each copy as client.
    struct Part: Sendable {
        /// Nil where there is one alone; else what tells it from the others: `copy 3`.
        var name: String?
        var outcome: ReplayOutcome
        /// When it began, from the beginning of the live run.
        var beganNs: Int64 = 0

        /// Nanoseconds from the beginning of the live run; nil for what never came.
        func elapsed(_ divergence: Divergence) -> Int64? {
            divergence.atNs.map { $0.addingReportingOverflow(self.beganNs).partialValue }
        }
    }

    enum Verdict: String {
        case pass, fail
        /// A signal came first.
        case interrupted
    }

    /// How the process that was started as a client ended.
    struct Process: Hashable, Sendable {
        enum End: Hashable, Sendable {
            case exited(status: Int32)
            case killed(signal: Int32)
            /// The replay was over, and ended it.
            case ended
        }

        /// As the user wrote it.
        var command: [String]
        var end: End
        var printed = ClientOutput.Count()
    }

    /// The timeline that was replayed, as the user named it, and the session chosen.
    var timeline: String
    var session: Int64?
    var mode: ReplayCommand.Mode
    var pace: Pace
    var parts: [Part]
    /// Of the rules on the live run, in the order of time.
    var findings: [Finding] = []
    /// Who sent the frames that errors name, by `frames.id` of the live run.
    var senders: [Int64: Sender] = [:]
    /// What the rules find in the recording itself.
    var recordedRules: Set<String> = []
    /// The live run's first moment: findings are timed from it.
    var began: Timestamp?
    var process: Process?
    /// What else makes it fail, one sentence each: no client came, the limit was reached.
    var failures: [String] = []
    /// A signal ended it before its verdict.
    var isInterrupted = false
    /// As the server: nobody connected.
    var isUnmet = false

    /// The side under test.
    var tested: Sender { self.mode == .client ? .server : .client }

    /// Findings that make it fail: errors that the side under test has to mend.
    var faults: [Finding] { self.findings.filter { self.blame(for: $0).fails(recordedRules: self.recordedRules) } }

    /// Whether it passes depends on what the rules find in the recording.
    var asksRecording: Bool {
        self.findings.contains { if case .testedUnlessRecorded = self.blame(for: $0) { true } else { false } }
    }

    var isPass: Bool {
        !self.isInterrupted && self.failures.isEmpty && self.faults.isEmpty
            && self.parts.allSatisfy(\.outcome.isFaithful)
    }

    var verdict: Verdict { self.isInterrupted ? .interrupted : self.isPass ? .pass : .fail }

    private func blame(for finding: Finding) -> Blame {
        Blame(
            finding, tested: self.tested, sender: finding.frameID.flatMap { self.senders[$0] },
            isRecordedPace: self.pace == .recorded)
    }

    func print(as format: Format) throws {
        let write = StandardOutput.shared.write
        switch format {
        case .text: try ReplayText(self, on: .current()).print(to: write)
        case .json: try write(ReplayJSON.object(self) + "\n")
        case .junit: try ReplayJUnit(self).print(to: write)
        }
    }
}

extension ReplayReport {
    /// All parts together.
    var expected: Int { self.parts.reduce(0) { $0 + $1.outcome.expected } }
    var matched: Int { self.parts.reduce(0) { $0 + $1.outcome.matched } }
    var lives: Int { self.parts.reduce(0) { $0 + $1.outcome.lives } }
    var livesDone: Int { self.parts.reduce(0) { $0 + $1.outcome.livesDone } }
    var durationNs: Int64 { self.parts.map(\.outcome.durationNs).max() ?? 0 }
    var sent: Int { self.parts.reduce(0) { $0 + $1.outcome.lateness.count } }
    var lateMaxNs: Int64 { self.parts.map(\.outcome.lateness.maxNs).max() ?? 0 }

    var lateMeanNs: Int64 {
        let sum = self.parts.reduce(Int64(0)) { sum, part in
            let (next, overflow) = sum.addingReportingOverflow(part.outcome.lateness.sumNs)
            return overflow ? .max : next
        }
        return self.sent == 0 ? 0 : sum / Int64(self.sent)
    }

    /// `session 2 of run.db`.
    var subject: String {
        (self.session.map { "session \($0) of " } ?? "") + self.timeline
    }

    /// Nanoseconds from the beginning of the live run; nil where that is not known.
    func elapsed(_ finding: Finding) -> Int64? {
        self.began.map { finding.at.nanoseconds.subtractingReportingOverflow($0.nanoseconds).partialValue }
    }
}
