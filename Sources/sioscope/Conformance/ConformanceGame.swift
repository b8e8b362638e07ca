import Foundation
import Replay
import ReplayDrivers
import Taps
import TimelineModel

/// One scenario and one client: begins both, waits for the verdict, ends both.
struct ConformanceGame {
    private typealias Driver = ServerDriver<ConformancePlay>

    /// Far more than any scenario asks for.
    private static let floodLimit = 20_000
    private static let byteLimit = 256 << 20

    private let scenario: Scenario
    private let run: ConformanceRun

    init(_ scenario: Scenario, _ run: ConformanceRun) {
        self.scenario = scenario
        self.run = run
    }

    func play(on thread: DriverThread) async throws -> ConformanceResult {
        if case .bundled = self.run.client, let obstacle = BundledClient.obstacle(self.scenario) {
            return ConformanceResult(scenario: self.scenario, verdict: .skipped(obstacle))
        }
        let clock = SteadyClock()
        let began = clock.now
        // Whom nobody starts takes the time that a person needs.
        let begunAt = if case .anyone = self.run.client { nil as Timestamp? } else { began }
        var settings = Driver.Settings()
        settings.eventLimit = Self.floodLimit
        settings.byteLimit = Self.byteLimit
        let driver = Driver(
            ConformancePlay(self.scenario, begunAt: begunAt), on: thread.loop, clock: clock, settings: settings)
        let address: ClientAddress
        do {
            address = ClientAddress(try await Self.offTheLoop { try driver.listen(on: self.run.listen) })
        } catch {
            _ = await Self.offTheLoop { driver.stop() }
            throw error
        }
        let (stopped, own) = try await self.face(driver, at: address)
        var result = ConformanceResult(
            scenario: self.scenario, verdict: stopped.role.verdict ?? .skipped("it was interrupted"))
        if let own { result.verdict = own }
        if let flood = stopped.flood {
            result.verdict = .failed(
                ConformanceFailure(
                    step: nil, reason: "it floods: \(flood)"))
        }
        result.transcript = stopped.role.transcript
        result.ns = clock.now.nanoseconds(since: began)
        return result
    }

    /// - Returns: the driven play at its end, and a verdict of the client's own where it gives one.
    private func face(
        _ driver: Driver, at address: ClientAddress
    ) async throws -> (Driver.Stopped, ConformanceVerdict?) {
        switch self.run.client {
        case .anyone:
            self.run.say(
                "\(self.scenario.name): connect to \(address.url), transport \(self.scenario.transports.rawValue), "
                    + "namespaces \(self.scenario.namespaces.joined(separator: " "))")
            await self.wait(for: driver)
            return (await Self.offTheLoop { driver.stop() }, nil)
        case .bundled:
            let client = try BundledClient(self.scenario, url: address.url) { driver.clientGone() }
            await self.wait(for: driver)
            let stopped = await Self.offTheLoop { driver.stop() }
            await client.stop()
            return (stopped, nil)
        case .command(let command):
            let process: ClientProcess
            do {
                process = try ClientProcess(
                    command, at: address,
                    environment: ConformanceContract.environment(for: self.scenario, at: address)
                ) {
                    driver.clientGone()
                }
            } catch {
                _ = await Self.offTheLoop { driver.stop() }
                throw error
            }
            await self.wait(for: driver)
            let stopped = await Self.offTheLoop { driver.stop() }
            let (end, printed) = await Self.offTheLoop { process.stop() }
            if let text = printed.leftOutText { self.run.say("\(self.scenario.name): \(text)") }
            switch end {
            case .exited(status: ConformanceContract.skipStatus):
                return (stopped, .skipped("the client cannot do it: it ended with status 77"))
            case .killed(let signal):
                return (
                    stopped,
                    .failed(ConformanceFailure(step: nil, reason: "its program was ended by signal \(signal)"))
                )
            case .exited(let status) where status != 0:
                guard case .failed(var failure)? = stopped.role.verdict else { return (stopped, nil) }
                failure.reason += " (status \(status))"
                return (stopped, .failed(failure))
            case .exited, .ended: return (stopped, nil)
            }
        }
    }

    /// Returns at the verdict, or once a signal has come.
    private func wait(for driver: Driver) async {
        let watch = Task {
            // A signal has nothing that could be awaited: it is looked for ten times a second.
            while !Interrupt.requested, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(100)) }
            guard !Task.isCancelled else { return }
            _ = await Self.offTheLoop { driver.stop() }
        }
        try? await driver.finished.get()
        watch.cancel()
        await watch.value
    }

    /// Waits for what blocks without holding up other tasks.
    private static func offTheLoop<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    private static func offTheLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
