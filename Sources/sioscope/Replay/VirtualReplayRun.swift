import Recording
import Replay
import TimelineModel

/// Plays a recorded server to the bundled client, both in memory and by a clock of their own.
struct VirtualReplayRun {
    let lineage: RecordedLineage
    /// As the user named them, for the report.
    let timeline: String
    let session: Int64?
    var server = ReplayServerSettings()
    var client = ReplayClientSettings()
    /// How long it may take by its own clock, in nanoseconds.
    var limitNs: Int64
    /// Where the run is kept; nil for nowhere.
    var output: String?
    var recording = LiveRecording.Settings()

    func run() throws -> ReplayReport {
        var recorder = try VirtualRecorder(path: self.output, settings: self.recording)
        var settings = MemoryNetworkSettings(limitNs: self.limitNs)
        settings.lingerNs = self.client.misbehaviour?.afterlifeNs ?? 0
        var network = MemoryNetwork(
            server: ReplayServer(self.lineage, self.server), client: ReplayClient(self.lineage, self.client), settings)
        let end = network.run(&recorder) { Interrupt.requested }
        let live = try recorder.finish()
        var report = ReplayReport(
            timeline: self.timeline, session: self.session, mode: .virtual, pace: self.server.pace,
            parts: [ReplayReport.Part(outcome: network.server.partialOutcome)], findings: live.findings,
            senders: live.senders, began: recorder.began)
        switch end {
        case .finished: break
        case .cut: report.isInterrupted = true
        case .quiet:
            if report.isPass { report.failures.append("neither side had anything more to say, and the server waits") }
        case .limit: report.failures.append("the limit of \(self.limitNs / 1_000_000_000) s was reached")
        case .stuck: report.failures.append("time stands still: a side waits for a moment that is over")
        }
        return report
    }
}

extension ReplayCommand {
    func replayInMemory() async throws -> ReplayReport {
        let lineage = try self.lineage()
        let limit = self.limit?.nanoseconds ?? Self.limitNs(of: lineage)
        var run = VirtualReplayRun(
            lineage: lineage, timeline: self.timeline, session: self.session, limitNs: limit)
        run.server = ReplayServerSettings(
            pace: self.pace, policy: self.policy, heartbeat: self.heartbeat, profile: self.serverProfile,
            afterLast: self.afterLast, limitNs: limit, ignoring: self.ignore)
        run.client = try self.clientSettings(limitNs: limit)
        // Sessions that the recording has not are given to who is to ask for them.
        if let misbehaviour = run.client.misbehaviour, misbehaviour.afterlifeNs > 0 { run.server.afterLast = .repeat }
        run.output = self.output
        run.recording.configuration = try ConfigurationFile.load(self.config).configuration
        run.recording.redactor = try self.redaction.redactor()
        Interrupt.takeOver()
        return try run.run()
    }

    /// For a recording of any length, at its own pace: a side that waits for what does not come takes three times as long.
    static func limitNs(of lineage: RecordedLineage) -> Int64 {
        let (tripled, overflow) = lineage.durationNs.multipliedReportingOverflow(by: 4)
        return overflow ? .max / 2 : min(tripled, .max / 4) + 600_000_000_000
    }

    func clientSettings(limitNs: Int64) throws -> ReplayClientSettings {
        var settings = ReplayClientSettings(pace: self.pace, limitNs: limitNs, ignoring: self.ignore)
        switch self.transport {
        case .recorded: settings.transport = .asRecorded
        case .websocket: settings.transport = .websocket
        case .polling: settings.transport = .polling
        }
        settings.misbehaviour = try self.misbehave.map { try Misbehaviour(flag: $0) }
        if let misbehaviour = settings.misbehaviour { StandardError.write("the client \(misbehaviour.summary)\n") }
        return settings
    }
}

extension Misbehaviour {
    /// - Parameter rule: as `--misbehave` takes it.
    init(flag rule: String) throws(ToolError) {
        guard let misbehaviour = Misbehaviour(rawValue: rule) else {
            let reason = Misbehaviour.impossible[rule].map { ": \($0)" } ?? ", which is not a client's to keep"
            throw ToolError(
                "--misbehave \(rule): the bundled client cannot break that rule\(reason) "
                    + "('sioscope rules --misbehave' lists those it can)")
        }
        self = misbehaviour
    }
}
