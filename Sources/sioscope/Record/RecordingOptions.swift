import ArgumentParser
import Foundation
import Recording
import Timeline
import TimelineModel

/// What every way of recording takes.
struct RecordingOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The timeline to make or to append to.", valueName: "OUT.db"),
        completion: .file(extensions: ["db"]))
    var path: String?

    /// Where the timeline goes; `requireOutput` has made sure that it is given.
    var output: String { self.path ?? "" }

    /// For commands that record: the parser itself cannot ask for it, as a command may have something to show instead.
    func requireOutput() throws {
        guard let path, !path.isEmpty else { throw ValidationError("name the timeline to record into: -o OUT.db") }
    }

    @Option(
        help: ArgumentHelp("End after so many seconds, more than 0.", valueName: "seconds"),
        transform: NumberText.seconds)
    var duration: Double?

    @Option(
        help: ArgumentHelp(
            """
            End with status 1 at the first finding of this severity: error, warning, note; or never. The status stays 1 \
            where that finding is taken back at the end.
            """,
            valueName: "severity"))
    var exitOn: FailOn = .never

    @Option(
        help: ArgumentHelp(
            """
            Keep the timeline, with its -wal beside it, below this size in MiB, 8 or more, by letting go of the oldest sessions of \
            this recording that have ended. What runs is never touched; the -wal outgrows it while a program reads for \
            long; and a timeline that was there before only shrinks where --max-size made it.
            """, valueName: "MiB"), transform: NumberText.whole)
    var maxSize: Int64?

    @Option(
        help: ArgumentHelp(
            "Let go of sessions of this recording so long after their end: 90s, 15m, 12h, 7d; 10s or more.",
            valueName: "duration"), transform: DurationText.read)
    var keep: DurationText?

    @Option(
        help: ArgumentHelp("Settings of the rules, TOML; by default the nearest .sioscope.toml.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @OptionGroup var redaction: RedactionFlags

    func validate() throws {
        if let duration, !(duration > 0 && duration <= 1e9) {
            throw ValidationError("--duration is \(duration); give more than 0 seconds, and 1000000000 at most")
        }
        if let maxSize, !(8...(1 << 30)).contains(maxSize) {
            throw ValidationError("--max-size is \(maxSize); give 8 to 1073741824 MiB")
        }
        if let keep, keep.nanoseconds < 10_000_000_000 {
            throw ValidationError("--keep: give 10s or more; requests of a session may come so late")
        }
    }

    /// - Parameters:
    ///   - redactor: nil where nothing is redacted.
    ///   - told: gets each finding when it is made, or taken back, on another thread.
    ///   - failed: gets what ends the recording, likewise.
    func settings(
        redactor: Redactor?,
        told: @escaping @Sendable (LiveRecording.Alert) -> Void, failed: @escaping @Sendable (TimelineError) -> Void
    ) throws -> LiveRecording.Settings {
        var settings = LiveRecording.Settings()
        settings.redactor = redactor
        settings.configuration = try ConfigurationFile.load(self.config).configuration
        if self.maxSize != nil || self.keep != nil {
            settings.limits = Retention.Limits(bytes: self.maxSize.map { $0 << 20 }, ageNs: self.keep?.nanoseconds)
        }
        settings.told = told
        settings.failed = failed
        return settings
    }
}
