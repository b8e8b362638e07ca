import Foundation
import Recording
import Replay
import ReplayDrivers
import Synchronization
import Taps
import TimelineModel

/// Plays a recorded server to a live client until the verdict is certain, the client is gone, or the time is up.
struct ServerReplayRun {
    /// What a client that was started has to connect for the first time.
    static let connectPatience = 30.0
    /// A client that has let go of all connections is about to end: how it does is worth a moment.
    private static let leavePatience = 1.0
    /// For a role to say that it is finished, once its client is gone or its limit is over.
    private static let rolePatience = 5.0

    let lineage: RecordedLineage
    /// As the user named them, for the report.
    let timeline: String
    let session: Int64?
    var settings = ReplayServerSettings()
    var listen = HostPort(host: "127.0.0.1", port: 0)
    /// The client; empty where any may come.
    var command: [String] = []
    /// What the client prints goes nowhere: where it runs many times.
    var isQuiet = false
    /// Where the live run is kept; nil for nowhere.
    var output: String?
    var recording = LiveRecording.Settings()
    /// What a user has to know while it runs: where it listens.
    var say: @Sendable (String) -> Void = { _ in }

    /// What ends the wait.
    private final class Bell: Sendable {
        let semaphore = DispatchSemaphore(value: 0)
        let isConnected = Mutex(false)
        let isFinished = Mutex(false)
        let isClientGone = Mutex(false)
    }

    /// - Returns: what it came to; after a signal, what it came to until then.
    /// - Throws: `ToolError` and the like where it cannot be played.
    func run() throws -> ReplayReport {
        let clock = SteadyClock()
        let recorder = try WireRecorder(
            path: self.output, source: "replay of \(self.timeline)", tap: .server,
            toolVersion: SioscopeCommand.version, clock: clock, settings: self.recording)
        let thread = DriverThread()
        defer { thread.end() }
        var driving = ServerDriver<ReplayServer>.Settings()
        driving.eventLimit = self.limits.events
        driving.byteLimit = self.limits.bytes
        driving.connectionLimit = self.limits.connections
        driving.beginsWithConnection = true
        var settings = self.settings
        // Who listens for any client may have others that look in.
        if !self.command.isEmpty { settings.handshakeNs = Int64(Self.connectPatience * 1e9) }
        let driver = ServerDriver(
            ReplayServer(self.lineage, settings), on: thread.loop, clock: clock, witness: recorder,
            settings: driving)
        let bell = Bell()
        let process: ClientProcess?
        do {
            let address = ClientAddress(try driver.listen(on: self.listen))
            driver.connected.whenSuccess { bell.isConnected.withLock { $0 = true } }
            driver.finished.whenComplete { _ in
                bell.isFinished.withLock { $0 = true }
                bell.semaphore.signal()
            }
            if self.command.isEmpty { self.say("listening on \(address.url), waiting for a client") }
            process =
                try self.command.isEmpty
                ? nil
                : ClientProcess(self.command, at: address, isQuiet: self.isQuiet) {
                    bell.isClientGone.withLock { $0 = true }
                    bell.semaphore.signal()
                }
        } catch {
            _ = driver.stop()
            recorder.discard()
            throw error
        }
        let failure = self.wait(driver, bell)
        // First: what comes of ending the client is none of the run.
        let stopped = driver.stop()
        let end = process.map { process in
            let (end, printed) = process.stop(
                after: stopped.openConnections == 0 && !Interrupt.requested ? Self.leavePatience : 0)
            if let text = printed.leftOutText { self.say(text) }
            return ReplayReport.Process(command: process.command, end: end, printed: printed)
        }
        let live = try recorder.finish()
        var report = ReplayReport(
            timeline: self.timeline, session: self.session, mode: .server, pace: self.settings.pace,
            parts: [ReplayReport.Part(outcome: stopped.role.partialOutcome)], findings: live.findings,
            senders: live.senders, began: live.began, process: end)
        report.isInterrupted = Interrupt.requested
        report.isUnmet = stopped.connections == 0
        report.failures = report.isInterrupted ? [] : self.failures(failure, stopped, end)
        return report
    }

    private struct Limits {
        var events: Int
        var bytes: Int
        var connections: Int
    }

    /// Far more than the recording has: a client that sends so much says nothing that could still be matched, and must
    /// not fill the memory.
    private var limits: Limits {
        let sessions = self.lineage.sessions
        return Limits(
            events: 10_000 + 20 * sessions.reduce(0) { $0 + $1.packets.count + $1.exchanges.count },
            bytes: 32 << 20 + 20 * sessions.lazy.flatMap(\.packets).reduce(0) { $0 + $1.sizeBytes },
            connections: 500 + 4 * self.lineage.lives.count)
    }

    /// Returns when nothing more is to be waited for; with the reason where the role has not said so.
    private func wait(_ driver: ServerDriver<ReplayServer>, _ bell: Bell) -> String? {
        let limit = self.settings.limitNs.map { Double($0) / 1e9 }
        // Who listens for any client waits for as long as he wants to.
        let patience = self.command.isEmpty ? limit : min(Self.connectPatience, limit ?? Self.connectPatience)
        let connectDue = patience.map { Date(timeIntervalSinceNow: $0) }
        var goneDue: Date?
        while !Interrupt.requested {
            if bell.isFinished.withLock({ $0 }) { return nil }
            if goneDue == nil, bell.isClientGone.withLock({ $0 }) {
                driver.clientGone()
                goneDue = Date(timeIntervalSinceNow: Self.rolePatience)
            }
            if let goneDue, Date() > goneDue { return nil }
            if let patience, let connectDue, goneDue == nil, Date() > connectDue, !bell.isConnected.withLock({ $0 }) {
                return "no client connected within \(String(format: "%g", patience)) s"
            }
            // A signal has no semaphore: it is looked for ten times a second.
            _ = bell.semaphore.wait(timeout: .now() + 0.1)
        }
        return nil
    }

    private func failures(
        _ failure: String?, _ stopped: ServerDriver<ReplayServer>.Stopped, _ process: ReplayReport.Process?
    ) -> [String] {
        var failures: [String] = []
        if let failure {
            failures.append(failure)
        } else if stopped.connections == 0 {
            failures.append("the client ended without connecting" + Self.status(process))
        }
        if let flood = stopped.flood {
            failures.append("the client floods: \(flood), far more than the recording has")
        }
        if case .killed(let signal) = process?.end { failures.append("the client crashed: signal \(signal)") }
        return failures
    }

    private static func status(_ process: ReplayReport.Process?) -> String {
        guard case .exited(let status)? = process?.end, status != 0 else { return "" }
        return ", with status \(status)"
    }
}

extension ReplayCommand {
    func replayAsServer() async throws -> ReplayReport {
        var run = ServerReplayRun(lineage: try self.lineage(), timeline: self.timeline, session: self.session)
        run.settings = ReplayServerSettings(
            pace: self.pace, policy: self.policy, heartbeat: self.heartbeat, profile: self.serverProfile,
            afterLast: self.afterLast, limitNs: self.limit?.nanoseconds, ignoring: self.ignore)
        if let listen = self.listen.flatMap({ HostPort($0) }) { run.listen = listen }
        run.command = self.command
        run.output = self.output
        run.recording.configuration = try ConfigurationFile.load(self.config).configuration
        run.recording.redactor = try self.redaction.redactor()
        run.say = { StandardError.write($0 + "\n") }
        Interrupt.takeOver()
        return try run.run()
    }
}
