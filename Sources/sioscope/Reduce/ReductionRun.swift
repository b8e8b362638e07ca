import ArgumentParser
import Foundation
import Recording
import Replay
import Timeline

/// Replays a recording to a client again and again, smaller each time, and writes the smallest part that still fails.
struct ReductionRun {
    let timeline: String
    let session: Int64?
    let output: String
    let redactor: Redactor?
    /// Rules that make up the failure; empty for what the whole recording fails by.
    var rules: Set<String> = []
    /// Replays at most, the two of the whole recording not counted; nil for no limit.
    var mostRuns: Int?
    /// When to begin no more replays.
    var due: Date?
    /// What a person is told, one line each.
    var say: (String) -> Void
    /// Replays a part to the client under test.
    let replay: (RecordedLineage) throws -> ReplayReport

    /// - Throws: `ToolError` where it does not fail, or not each time; `Interrupt.exitCode` once the best part is
    ///   written.
    func run() async throws {
        let reader = try TimelineReader(path: self.timeline)
        let lineage = try LineageReader(timeline: reader, path: self.timeline).lineage(of: self.session)
        guard !self.isOutputTheRecording else {
            throw ToolError("-o \(self.output): is the recording itself, which is left as it is; name another file")
        }
        // A file that cannot be written is found out before the work.
        try TimelineWriter(path: self.output, mode: .importing).abandon()
        let failure: WatchedFailure
        let whole: ReplayVerdict
        do {
            (failure, whole) = try self.steadyFailure(of: lineage)
        } catch  where Interrupt.requested {
            self.say("interrupted while the whole recording was replayed; nothing was written")
            throw Interrupt.exitCode
        }
        let progress = ProgressLine()
        var reducer = RecordingReducer(lineage, failing: whole)
        let outcome = try await reducer.reduce { state in
            progress.show { "replay \(state.runs + 1): \(state.smallest) of \(state.packets) packets" }
            return self.mayGoOn(after: state.runs)
        } replay: { part in
            do {
                return failure.verdict(of: try self.replay(part))
            } catch  where Interrupt.requested {
                return ReplayVerdict()
            }
        }
        progress.clear()
        try self.finish(outcome, of: reader) { failure.verdict(of: $0).rules == whole.rules && !$0.isPass }
    }

    private var isOutputTheRecording: Bool {
        func place(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path }
        return place(self.output) == place(self.timeline)
    }

    private func mayGoOn(after runs: Int) -> Bool {
        guard !Interrupt.requested, self.mostRuns.map({ runs < $0 }) ?? true else { return false }
        return self.due.map { Date() < $0 } ?? true
    }

    /// What both of two replays of the whole recording come to.
    private func steadyFailure(of lineage: RecordedLineage) throws -> (WatchedFailure, ReplayVerdict) {
        let first = try self.replay(lineage)
        guard !first.isPass else {
            throw ToolError(
                "\(first.subject): the client passes; there is no failure to reduce ('sioscope replay' shows what fails)"
            )
        }
        let failure = WatchedFailure(first, chosen: self.rules)
        var verdict = failure.verdict(of: first)
        if let rule = self.rules.subtracting(verdict.rules).min() {
            throw ToolError(
                "--rule \(rule): does not make the whole recording fail, which fails by "
                    + ReplayVerdict.text(first))
        }
        let second = try self.replay(lineage)
        let other = failure.verdict(of: second)
        guard verdict.rules == other.rules, verdict.isPass == other.isPass else {
            throw ToolError(
                "\(first.subject): fails in another way each time (\(ReplayVerdict.text(first)), then "
                    + "\(ReplayVerdict.text(second))); only what fails each time can be reduced")
        }
        verdict.differences.formUnion(other.differences)
        verdict.isCutShort = verdict.isCutShort || other.isCutShort
        self.say("the whole recording fails: \(ReplayVerdict.text(first))")
        return (failure, verdict)
    }

    private func finish(
        _ outcome: RecordingReducer.Outcome, of reader: TimelineReader, fails: (ReplayReport) -> Bool
    ) throws {
        let reduced = try ReducedRecording(
            outcome.lineage, from: reader, path: self.timeline, redactor: self.redactor)
        // As it is written, with what was redacted; after a signal there is no time for it.
        if !Interrupt.requested {
            let report = try self.replay(reduced.lineage)
            guard fails(report) else {
                throw ToolError(
                    "\(self.timeline): the smallest part, with \(outcome.progress.smallest) packets, "
                        + (self.redactor == nil ? "" : "once redacted ")
                        + "fails in another way or not each time (\(ReplayVerdict.text(report))); nothing was written")
            }
        }
        try reduced.write(to: self.output)
        let size =
            "\(reduced.batch.frames.count) frames, \(outcome.progress.smallest) of \(outcome.progress.packets) packets"
        self.say(
            "\(self.output): \(size), after \(FindingsSummary.count(outcome.progress.runs, "replay"))"
                + (outcome.isMinimal ? "" : "; stopped before the end, it may not be the smallest"))
        if Interrupt.requested { throw Interrupt.exitCode }
    }
}

extension ReplayVerdict {
    /// Why a replay failed, short.
    static func text(_ report: ReplayReport) -> String {
        var parts = Set(report.faults.map(\.rule)).sorted()
        var kinds: [Divergence.Kind: Int] = [:]
        for divergence in report.parts.flatMap(\.outcome.divergences) { kinds[divergence.kind, default: 0] += 1 }
        parts += Divergence.Kind.allCases.compactMap { kind in kinds[kind].map { "\($0) \(kind.rawValue)" } }
        parts += report.parts.compactMap(\.outcome.waitedFor).map { "waited for \($0)" }
        parts += report.failures
        return parts.isEmpty ? "pass" : parts.joined(separator: ", ")
    }
}
