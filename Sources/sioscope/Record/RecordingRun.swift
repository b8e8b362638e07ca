import ArgumentParser
import Foundation
import Recording
import Synchronization
import Timeline
import TimelineModel

/// Records from a tap until it ends, a signal comes, or its time is up; then says what came of it.
struct RecordingRun {
    let options: RecordingOptions
    let tap: any LiveTap
    /// Nil where nothing is redacted.
    let redactor: Redactor?

    init(options: RecordingOptions, tap: any LiveTap) throws {
        self.init(options: options, tap: tap, redactor: try options.redaction.redactor())
    }

    /// - Parameter redactor: of the options; for who writes something of his own with it: equal secrets look alike.
    init(options: RecordingOptions, tap: any LiveTap, redactor: Redactor?) {
        (self.options, self.tap, self.redactor) = (options, tap, redactor)
    }

    /// Why a recording ends, the first reason that there was.
    private final class Stop: Sendable {
        enum Reason: Sendable {
            case ended
            case failed(String)
            case foundNothing(String)
            case found

            /// Of a source that is at its end.
            init(_ error: (any Error)?) {
                self =
                    switch error {
                    case let error as NothingRecorded: .foundNothing(error.description)
                    case let error?: .failed(String(describing: error))
                    case nil: .ended
                    }
            }
        }

        let wakeUp = DispatchSemaphore(value: 0)
        private let first = Mutex<Reason?>(nil)

        func now(because reason: Reason) {
            self.first.withLock { if $0 == nil { $0 = reason } }
            self.wakeUp.signal()
        }

        var reason: Reason? { self.first.withLock { $0 } }
    }

    func run() throws {
        try self.options.requireOutput()
        let screen = RecordingScreen()
        let stop = Stop()
        let least = self.options.exitOn.least
        let settings = try self.options.settings(redactor: self.redactor) { alert in
            switch alert {
            case .found(let finding):
                screen.tell(finding)
                if let least, finding.severity >= least { stop.now(because: .found) }
            case .takenBack(let takenBack): screen.tell(takenBack)
            }
        } failed: { error in
            stop.now(because: .failed(error.description))
        }
        let isNew = !FileManager.default.fileExists(atPath: self.options.output)
        Interrupt.takeOver()
        let recording = try LiveRecording(
            path: self.options.output, captures: self.tap.captures, toolVersion: SioscopeCommand.version,
            settings: settings)
        do {
            let begun = try self.tap.start(recording) { error in
                stop.now(because: Stop.Reason(error))
            }
            screen.say(Escaping.visible(begun))
        } catch {
            recording.cancel(isNew: isNew)
            throw error
        }
        self.wait(for: stop, recording, screen)
        self.tap.stop()
        screen.end()
        try self.finish(recording, screen, stop)
    }

    private func wait(for stop: Stop, _ recording: LiveRecording, _ screen: RecordingScreen) {
        let due = self.options.duration.map { Date(timeIntervalSinceNow: $0) } ?? .distantFuture
        var shown = Date.distantPast
        while stop.reason == nil, !Interrupt.requested, Date() < due {
            if -shown.timeIntervalSinceNow >= 0.5 {
                screen.show(recording.counts)
                shown = Date()
            }
            // A signal has no semaphore: it is looked for ten times a second.
            _ = stop.wakeUp.wait(timeout: .now() + min(0.1, max(0, due.timeIntervalSinceNow)))
        }
    }

    private func finish(_ recording: LiveRecording, _ screen: RecordingScreen, _ stop: Stop) throws {
        let reason = stop.reason
        var stands = false
        do {
            let final = try recording.finish()
            if let least = self.options.exitOn.least {
                stands = (final ?? []).contains { $0.severity >= least }
            }
            screen.say(self.summary(recording.stored, ""))
        } catch {
            screen.say(self.summary(recording.stored, "; what was stored before the failure is kept"))
            throw error
        }
        switch stop.reason {
        case .failed(let text): throw ToolError(text)
        // What has ended the recording did so, even if it is taken back; what was told behind its end counts if it stands.
        case .found where reason != nil || stands: throw ExitCode.found
        case .foundNothing(let text) where !Interrupt.requested: throw ToolError(text)
        case .found, .ended, .foundNothing, nil: if Interrupt.requested { throw Interrupt.exitCode }
        }
    }

    /// What the file holds, and what it does not.
    private func summary(_ counts: RecordingCounts, _ remark: String) -> String {
        let output = self.options.output
        var text = "\(output): \(RecordingScreen.text(of: counts))"
        if counts.lostFrames > 0 {
            text += "; \(FindingsSummary.count(counts.lostFrames, "frame")) more could not be stored"
        }
        text += remark
        if counts.takenBack > 0 { text += "; \(FindingsSummary.count(counts.takenBack, "finding")) taken back" }
        if let trouble = self.tap.trouble { text += "; \(trouble)" }
        if counts.findings.values.contains(where: { $0 > 0 }) { text += " (sioscope analyze \(output))" }
        return Escaping.visible(text)
    }
}
