import Decoding
import Recording
import TimelineModel

/// Decodes the lines of all clients on a thread of its own, and hands the rows to the recording.
final class HookRecorder: @unchecked Sendable {
    /// Frames that are handed over without waiting for the next tick.
    private static let batchFrames = 2_000
    /// A row for each client that was refused up to this number; behind it they are counted.
    private static let storedRefusals = 100

    private let recording: LiveRecording
    private let clock: SteadyClock
    // Used by the decoding thread alone until `stop` has waited for its end.
    private let decoder: HookDecoder
    private var refusals = 0
    private var thread: DecodingThread<HookEvent>?

    init(_ facts: CaptureFacts, _ recording: LiveRecording, _ clock: SteadyClock) {
        self.recording = recording
        self.clock = clock
        self.decoder = HookDecoder(facts)
        self.thread = DecodingThread(
            name: "hook-decoder", handle: { [self] in self.handle($0) }, tick: { [self] in self.tick() })
    }

    /// Never waits. False where there is no room, which the bound of each client rules out while it runs.
    func tell(_ event: HookEvent) -> Bool {
        var count = 0
        if case .bytes(_, let bytes, _, _) = event { count = bytes.count }
        return self.thread?.push(event, bytes: count) ?? false
    }

    /// A client waits until what it sent is decoded.
    func hurry() {
        self.thread?.hurry()
    }

    /// Waits until everything is decoded and handed over.
    func stop() {
        self.thread?.stop()
        self.thread = nil
        if self.refusals > Self.storedRefusals {
            self.decoder.add(
                Anomaly(
                    "hook.refused-client", at: self.clock.now,
                    detail: "\(self.refusals - Self.storedRefusals) more clients were refused"))
        }
        self.decoder.finish { self.recording.submit($0, self.decoder.facts) }
    }

    private func handle(_ event: HookEvent) {
        switch event {
        case .bytes(let client, let bytes, let at, let handled):
            self.decoder.receive(bytes.span, client: client, at: at)
            handled(bytes.count)
            if self.decoder.readyFrames >= Self.batchFrames { self.tick() }
        case .ended(let client, let at):
            self.decoder.end(client: client, at: at)
        case .refused(let client, let reason, let at):
            self.refusals += 1
            guard self.refusals <= Self.storedRefusals else { return }
            self.decoder.add(
                Anomaly("hook.refused-client", at: at, detail: "client \(client) was refused: \(reason)"))
        }
    }

    private func tick() {
        self.decoder.tick(at: self.clock.now) { self.recording.submit($0, self.decoder.facts) }
    }
}
