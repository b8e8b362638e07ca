import Decoding
import NIOCore
import Recording
import TimelineModel

/// Decodes what the relays saw, on a thread of its own, and hands the rows of both legs to the recording.
///
/// What waits is bounded by the memory that the waiting buffers hold (`limitBytes`); bytes that do not fit are counted
/// and told the decoder as a gap, for a relay never waits.
final class ProxyRecorder: @unchecked Sendable {
    static let limitBytes = 64 << 20
    /// Frames that are handed over without waiting for the next tick.
    private static let batchFrames = 2_000

    /// A connection that a leg's decoder knows.
    private struct Known {
        var id: Int64
        var ended: Set<Sender> = []
    }

    /// Used by the decoding thread alone until `stop` has waited for its end.
    private struct Leg {
        let place: ProxyLeg
        let decoder: StreamDecoder
        var connections: [Int: Known] = [:]
        /// Pieces that were read or written and not decoded, for the queue was full.
        var dropped: Int64 = 0
    }

    private let recording: LiveRecording
    private let clock: SteadyClock
    private var legs: [Leg]
    private var thread: DecodingThread<ProxyEvent>?

    init(_ captures: [CaptureFacts], _ recording: LiveRecording, _ clock: SteadyClock, limitBytes: Int) {
        self.recording = recording
        self.clock = clock
        self.legs = ProxyLeg.allCases.map { Leg(place: $0, decoder: StreamDecoder(captures[$0.rawValue])) }
        self.thread = DecodingThread(
            name: "proxy-decoder", limitBytes: limitBytes,
            handle: { [self] in self.handle($0) }, tick: { [self] in self.tick() })
    }

    /// Never waits. False where bytes found no room; all else always does.
    func tell(_ event: ProxyEvent) -> Bool {
        var bytes = 0
        if case .bytes(let buffer, _) = event.happening {
            // A buffer keeps all of its storage alive, however little of it is used.
            bytes = buffer.storageCapacity + MemoryLayout<ProxyEvent>.stride
        }
        return self.thread?.push(event, bytes: bytes) ?? false
    }

    /// Waits until everything is decoded and handed over.
    func stop() {
        self.thread?.stop()
        self.thread = nil
        for leg in self.legs { leg.decoder.finish { self.submit($0, leg) } }
    }

    private func handle(_ event: ProxyEvent) {
        self.take(event, &self.legs[event.leg.rawValue])
        let leg = self.legs[event.leg.rawValue]
        if leg.decoder.readyFrames >= Self.batchFrames {
            leg.decoder.tick(at: event.at) { self.submit($0, leg) }
        }
    }

    private func tick() {
        let now = self.clock.now
        for leg in self.legs { leg.decoder.tick(at: now) { self.submit($0, leg) } }
    }

    private func submit(_ batch: TimelineBatch, _ leg: Leg) {
        var facts = leg.decoder.facts
        facts.droppedPackets += leg.dropped
        self.recording.submit(batch, facts, capture: leg.place.rawValue)
    }

    private func take(_ event: ProxyEvent, _ leg: inout Leg) {
        switch event.happening {
        case .opened(let near, let far):
            let (client, server) = leg.place == .front ? (far, near) : (near, far)
            let id = leg.decoder.open(
                ConnectionOpening(
                    clientAddress: client?.ipAddress ?? "", clientPort: client?.port ?? 0,
                    serverAddress: server?.ipAddress ?? "", serverPort: server?.port ?? 0, at: event.at))
            leg.connections[event.connection] = Known(id: id)
        case .bytes(let buffer, let sender):
            guard let known = leg.connections[event.connection] else { return }
            buffer.withUnsafeReadableBytes { bytes in
                leg.decoder.receive(
                    known.id, Span(_unsafeBytes: bytes), from: sender, at: event.at)
            }
        case .missed(let count, let pieces, let sender):
            leg.dropped += pieces
            guard let known = leg.connections[event.connection] else { return }
            leg.decoder.gap(known.id, count, from: sender, at: event.at)
        case .ended(let sender):
            guard var known = leg.connections[event.connection], known.ended.insert(sender).inserted else { return }
            leg.connections[event.connection] = known
            leg.decoder.end(known.id, by: sender, at: event.at)
        case .reset(let sender):
            guard let known = leg.connections[event.connection] else { return }
            leg.connections[event.connection]?.ended = Set(Sender.allCases)
            leg.decoder.reset(known.id, by: sender, at: event.at)
        case .left:
            guard let known = leg.connections.removeValue(forKey: event.connection) else { return }
            // The proxy closed it while its peer still might have sent: that peer is told so by a reset.
            if known.ended.count < Sender.allCases.count {
                leg.decoder.reset(known.id, by: leg.place.peer.other, at: event.at)
            }
        case .failed(let code, let detail):
            leg.decoder.add(Anomaly(code, at: event.at, detail: detail))
        }
    }
}
