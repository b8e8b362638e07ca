import Decoding
import Recording
import TimelineModel
import Wire

/// Decodes chunks of packets on a thread of its own, and hands rows to the recording.
///
/// What waits is bounded (`limitBytes`); what finds no room waits with the reader, and then in the kernel's buffer,
/// which counts what it loses.
final class InterfaceRecorder: @unchecked Sendable {
    private static let limitBytes = 64 << 20
    /// Frames that are handed over without waiting for the next tick.
    private static let batchFrames = 2_000

    // All of this is used by the decoding thread alone, and by `stop` once that has ended.
    private let recording: LiveRecording
    private let decoder: PacketDecoder
    private var file = CaptureFileDecoder()
    private var seenUntil = Timestamp.zero
    private var stored = CaptureFacts(kind: .live, source: "")
    private var failed: (() -> Void)?
    private var thread: DecodingThread<PacketChunk>?

    /// - Parameters:
    ///   - head: what stands before the chunks in a capture file.
    ///   - failed: called once, where the recording takes no more.
    init(
        _ capture: CaptureFacts, head: [UInt8], _ recording: LiveRecording, failed: @escaping @Sendable () -> Void
    ) {
        self.recording = recording
        self.decoder = PacketDecoder(capture)
        self.failed = failed
        self.decode(head)
        self.thread = DecodingThread(
            name: "interface-decoder", limitBytes: Self.limitBytes,
            handle: { [self] in self.handle($0) }, tick: { [self] in self.tick(at: self.seenUntil) })
    }

    /// Never waits. False where there is no room now.
    func push(_ chunk: PacketChunk) -> Bool {
        self.thread?.push(chunk, bytes: chunk.cost) ?? false
    }

    /// Waits until everything is decoded and handed over.
    func stop() {
        guard let thread else { return }
        thread.stop()
        self.thread = nil
        self.decoder.finish { self.submit($0) }
    }

    private func handle(_ chunk: PacketChunk) {
        self.decode(chunk.blocks)
        if chunk.dropped > self.decoder.droppedPackets {
            self.decoder.add(
                Anomaly(
                    "capture.dropped", at: chunk.seenUntil,
                    detail: "the kernel dropped \(chunk.dropped - self.decoder.droppedPackets) packets about now"))
            self.decoder.droppedPackets = chunk.dropped
        }
        self.seenUntil = max(self.seenUntil, chunk.seenUntil)
    }

    private func decode(_ blocks: [UInt8]) {
        // It reads what `PcapngEncoder` wrote, so nothing can be wrong with it.
        try? self.file.feed(blocks.span) { record, packet in
            self.decoder.receive(record, packet)
            if self.decoder.readyFrames >= Self.batchFrames { self.tick(at: record.at) }
        }
    }

    private func tick(at: Timestamp) {
        self.decoder.tick(at: at) { self.submit($0) }
        // Counts of what is no traffic of ours, and of losses, grow without rows too.
        if self.decoder.facts.droppedPackets != self.stored.droppedPackets { self.submit(TimelineBatch()) }
    }

    private func submit(_ batch: TimelineBatch) {
        self.stored = self.decoder.facts
        guard !self.recording.submit(batch, self.stored) else { return }
        self.failed?()
        self.failed = nil
    }
}
