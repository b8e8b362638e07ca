import ArgumentParser
import Faults
import Foundation
import Replay

struct Reduce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the smallest part of a recording that a client still fails on.",
        discussion: """
            Replays the recorded server to COMMAND, as 'sioscope replay --as server' does, without more and more of the \
            recording, for as long as it fails in the same way: by the same rules (--rule chooses among them; patterns \
            such as flap-periodic take many sessions, and count where nothing else fails), or where no rule finds an \
            error with the same kinds of divergences, and with none that were not there before. What is left is \
            written as a timeline of its own for 'sioscope replay': a test of the client for when it is mended.

            Whole sessions are left out first, then heartbeats, events with their attachments and acks, and messages. \
            Always kept: handshakes, upgrades, CONNECTs with their answers, and how a session ended. Frames keep their \
            times, so each replay takes as long as the recording: --pace shortens it, where the failure shows at that \
            pace, too. What the client prints is not shown. Without COMMAND the bundled client is played, in memory and \
            by a clock of its own, as by 'sioscope replay DB'; --misbehave makes it break a rule.

            EXAMPLES:
              sioscope reduce run.db --session 2 -o small.db -- python3 client.py {url}
              sioscope reduce run.db --session 2 -o small.db --pace x10 --redact -- ./client {host} {port}
              sioscope reduce run.db --session 2 -o small.db --misbehave eio4-client-ping
              sioscope replay small.db --as server -- ./client {host} {port}

            EXIT STATUS:
              0    the smallest part is written
              2    the client passes, fails in another way each time, or it could not be replayed or written
              130  ended by SIGINT; the smallest part found so far is written
            """
    )

    @Argument(
        help: "The timeline that holds the recording; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(
        help: ArgumentHelp(
            "The session, with those of the same client before and after it. May be left out where the timeline holds "
                + "one client.",
            valueName: "n"), transform: NumberText.whole)
    var session: Int64?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The timeline to make or to append to.", valueName: "SMALL.db"),
        completion: .file(extensions: ["db"]))
    var output: String

    @Option(
        help: ArgumentHelp(
            "Keep the failure by this rule, whatever else fails. May be given several times.", valueName: "rule"))
    var rule: [String] = []

    @Option(
        help: ArgumentHelp("As of replay: recorded, fast, or x and a number. (default: recorded)", valueName: "pace"),
        transform: Pace.read)
    var pace: Pace = .recorded

    @Option(help: "As of replay: lenient, strict or timed.")
    var policy: ReplayServerSettings.Policy = .lenient

    @Option(help: "As of replay: live, recorded or off.")
    var heartbeat: ReplayServerSettings.Heartbeat = .live

    @Option(help: "As of replay: recorded, node or python.")
    var serverProfile: ReplayServerSettings.Profile = .recorded

    @Option(help: "As of replay: refuse or repeat.")
    var afterLast: ReplayServerSettings.AfterLast = .refuse

    @Option(help: ArgumentHelp("As of replay; may be given several times.", valueName: "pointer"))
    var ignore: [String] = []

    @Option(
        help: ArgumentHelp("End each replay, as failed, after so long: 90s, 15m.", valueName: "duration"),
        transform: DurationText.read)
    var limit: DurationText?

    @Option(
        help: ArgumentHelp("Replay at most so often, and write the smallest part found.", valueName: "n"),
        transform: NumberText.whole)
    var maxRuns: Int?

    @Option(
        help: ArgumentHelp("Begin no replay after so long, and write the smallest part found.", valueName: "duration"),
        transform: DurationText.read)
    var maxTime: DurationText?

    @Option(
        help: ArgumentHelp("Settings of the rules, TOML; by default the nearest .sioscope.toml.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Without COMMAND: break this rule ('sioscope rules --misbehave' lists them).", valueName: "rule"))
    var misbehave: String?

    @OptionGroup var redaction: RedactionFlags

    @OptionGroup private var underTest: ClientUnderTest
    var command: [String] { self.underTest.command }

    func validate() throws {
        if !self.command.isEmpty, self.misbehave != nil {
            throw ValidationError("--misbehave makes the bundled client break a rule; it does not go with COMMAND")
        }
        if let maxRuns, maxRuns < 1 { throw ValidationError("--max-runs is \(maxRuns); give 1 or more") }
    }

    func run() async throws {
        let configuration = try ConfigurationFile.load(self.config).configuration
        let settings = ReplayServerSettings(
            pace: self.pace, policy: self.policy, heartbeat: self.heartbeat, profile: self.serverProfile,
            afterLast: self.afterLast, limitNs: self.limit?.nanoseconds, ignoring: self.ignore)
        for rule in self.rule { _ = try RuleNames.page(rule, flag: "--rule: ") }
        Interrupt.takeOver()
        let replay =
            self.command.isEmpty ? try self.inMemory(settings, configuration) : self.live(settings, configuration)
        let run = ReductionRun(
            timeline: self.timeline, session: self.session, output: self.output,
            redactor: try self.redaction.redactor(), rules: Set(self.rule), mostRuns: self.maxRuns,
            due: self.maxTime.map { Date(timeIntervalSinceNow: Double($0.nanoseconds) / 1e9) },
            say: { StandardError.write(Escaping.visible($0) + "\n") }, replay: replay)
        try await run.run()
    }

    /// To the client that COMMAND starts.
    private func live(
        _ settings: ReplayServerSettings, _ configuration: Configuration
    ) -> (RecordedLineage) throws -> ReplayReport {
        { part in
            var run = ServerReplayRun(lineage: part, timeline: self.timeline, session: self.session)
            run.settings = settings
            run.command = self.command
            run.isQuiet = true
            run.recording.configuration = configuration
            return try Self.whole(try run.run())
        }
    }

    /// Half a replay says nothing of the part that was played.
    private static func whole(_ report: ReplayReport) throws -> ReplayReport {
        if report.isInterrupted { throw Interrupt.exitCode }
        return report
    }

    /// To the bundled client.
    private func inMemory(
        _ settings: ReplayServerSettings, _ configuration: Configuration
    ) throws -> (RecordedLineage) throws -> ReplayReport {
        let misbehaviour = try self.misbehave.map { try Misbehaviour(flag: $0) }
        return { part in
            let limit = self.limit?.nanoseconds ?? ReplayCommand.limitNs(of: part)
            var run = VirtualReplayRun(
                lineage: part, timeline: self.timeline, session: self.session, limitNs: limit)
            run.server = settings
            run.server.limitNs = limit
            run.client = ReplayClientSettings(pace: self.pace, limitNs: limit)
            run.client.misbehaviour = misbehaviour
            run.recording.configuration = configuration
            return try Self.whole(try run.run())
        }
    }
}
