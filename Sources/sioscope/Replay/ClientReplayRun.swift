import Foundation
import Recording
import Replay
import ReplayDrivers
import SocketIOClient
import Synchronization
import Taps
import TimelineModel

/// Plays a recorded client, or many copies of it, to a live server until all have lived through the recording, the time
/// is up, or a signal comes.
struct ClientReplayRun {
    /// Beyond the clients' own limit, for their goodbyes.
    private static let patience = 10.0

    let lineage: RecordedLineage
    /// As the user named them, for the report.
    let timeline: String
    let session: Int64?
    /// As the user wrote it.
    let url: String
    let target: ClientTarget
    var settings = ReplayClientSettings()
    /// Nil for what was recorded.
    var auth: AuthSource?
    var copies = 1
    /// The copies begin evenly spread over this time, in nanoseconds.
    var spreadNs: Int64 = 0
    /// Where the live run is kept; nil for nowhere.
    var output: String?
    var recording = LiveRecording.Settings()

    /// What ends the wait.
    private final class Bell: Sendable {
        let semaphore = DispatchSemaphore(value: 0)
        let isOver = Mutex(false)
        let failure = Mutex<ClientDriverError?>(nil)

        func ring(_ error: (any Error)?) {
            if let error = error as? ClientDriverError {
                self.failure.withLock { $0 = $0 ?? error }
            }
            self.isOver.withLock { $0 = true }
            self.semaphore.signal()
        }
    }

    /// - Returns: what it came to; after a signal, what it came to until then.
    /// - Throws: `ToolError` and the like where it cannot be played.
    func run() throws -> ReplayReport {
        let clock = SteadyClock()
        let thread = DriverThread()
        defer {
            // One may still make a payload that nobody waits for.
            ShellCommand.stopAll()
            thread.end()
        }
        let recorder = try WireRecorder(
            path: self.output, source: self.url, tap: .client, toolVersion: SioscopeCommand.version, clock: clock,
            settings: self.recording)
        let drivers: [ClientDriver<ReplayClient>]
        do {
            drivers = try self.drivers(on: thread, clock, recorder)
        } catch {
            recorder.discard()
            throw error
        }
        let bell = Bell()
        let isCut = self.play(drivers, on: thread, bell)
        let stopped = drivers.map { $0.stop() }
        if !Interrupt.requested, let reason = stopped.compactMap(\.unreachable).first,
            stopped.allSatisfy({ $0.unreachable != nil })
        {
            recorder.discard()
            throw ToolError("--to \(self.url): the server cannot be reached: \(reason)")
        }
        if let failure = bell.failure.withLock({ $0 }) {
            recorder.discard()
            throw ToolError(failure.description)
        }
        let live = try recorder.finish()
        let parts = stopped.enumerated().map { index, stopped in
            ReplayReport.Part(
                name: self.copies > 1 ? "copy \(index + 1)" : nil, outcome: stopped.role.partialOutcome,
                beganNs: self.delayNs(of: index))
        }
        var report = ReplayReport(
            timeline: self.timeline, session: self.session, mode: .client, pace: self.settings.pace, parts: parts,
            findings: live.findings, senders: live.senders, began: live.began)
        report.isInterrupted = Interrupt.requested
        guard !report.isInterrupted else { return report }
        let unreached = stopped.count { $0.unreachable != nil }
        if unreached > 0 { report.failures.append("\(unreached) of \(self.copies) copies could not connect") }
        if isCut { report.failures.append("the limit was reached") }
        return report
    }

    private func drivers(
        on thread: DriverThread, _ clock: SteadyClock, _ recorder: WireRecorder
    ) throws -> [ClientDriver<ReplayClient>] {
        var driving = ClientDriver<ReplayClient>.Settings()
        if let auth {
            driving.auth = { _, _ in try await auth.payload().json.description }
        }
        let numbers = ConnectionNumbers()
        // Copies of one share what they read of the recording.
        let client = ReplayClient(self.lineage, self.settings)
        return try (0..<self.copies).map { _ in
            try ClientDriver(
                client, to: self.target, on: thread.loop, clock: clock, witness: recorder,
                numbers: numbers, settings: driving)
        }
    }

    private func delayNs(of copy: Int) -> Int64 { self.spreadNs / Int64(self.copies) * Int64(copy) }

    /// True where the time was up before all were done.
    private func play(_ drivers: [ClientDriver<ReplayClient>], on thread: DriverThread, _ bell: Bell) -> Bool {
        for (index, driver) in drivers.enumerated() {
            driver.begin(afterNs: self.delayNs(of: index))
            // One that cannot ask for its auth ends all: the others cannot, either.
            driver.finished.whenFailure { bell.ring($0) }
        }
        thread.whenComplete(drivers.map(\.finished)) { bell.ring(nil) }
        let seconds = Double(self.settings.limitNs) / 1e9 + Double(self.spreadNs) / 1e9 + Self.patience
        let due = Date(timeIntervalSinceNow: seconds)
        while !Interrupt.requested, Date() < due {
            if bell.isOver.withLock({ $0 }) { return false }
            // A signal has no semaphore: it is looked for ten times a second.
            _ = bell.semaphore.wait(timeout: .now() + 0.1)
        }
        return !Interrupt.requested
    }
}

extension ReplayCommand {
    func replayAsClient() async throws -> ReplayReport {
        let text = self.to ?? ""
        let url: SocketIOURL
        do {
            url = try SocketIOURL(text)
        } catch {
            throw ToolError("--to \(error)")
        }
        let auth = try self.auth.map { try AuthSource($0) }
        let lineage = try self.lineage()
        let limit = self.limit?.nanoseconds ?? Self.limitNs(of: lineage)
        var run = ClientReplayRun(
            lineage: lineage, timeline: self.timeline, session: self.session, url: text,
            target: ClientTarget(
                isTLS: url.isTLS, host: url.host, port: url.port, authority: url.authority,
                acceptsAnyCertificate: self.insecure))
        run.settings = try self.clientSettings(limitNs: limit)
        run.settings.path = Self.hasPath(text) ? url.path : nil
        run.settings.query = url.query.isEmpty ? nil : url.query.joined(separator: "&")
        run.auth = auth
        run.copies = self.copies
        run.spreadNs = self.spread?.nanoseconds ?? 0
        run.output = self.output
        run.recording.configuration = try ConfigurationFile.load(self.config).configuration
        run.recording.redactor = try self.redaction.redactor()
        if auth == nil, Self.hasRedactedAuth(lineage) {
            StandardError.write("the recorded auth payloads are redacted, and sent as they are; --auth gives others\n")
        }
        Interrupt.takeOver()
        return try run.run()
    }

    /// What `--redact` puts in the place of a secret stands in a CONNECT of the client.
    private static func hasRedactedAuth(_ lineage: RecordedLineage) -> Bool {
        lineage.sessions.contains { session in
            session.packets.contains { packet in
                guard packet.sender == .client, case .socketIO(let said) = packet.content else { return false }
                return said.kind == .connect && said.payload?.contains("\"redacted:") == true
            }
        }
    }

    /// Whether a URL names a path itself, where `SocketIOURL` puts one in.
    private static func hasPath(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        let rest = text[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
        return rest.contains("/") && !rest.hasSuffix("/") || rest.filter { $0 == "/" }.count > 1
    }
}
