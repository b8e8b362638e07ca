import Decoding
import Foundation
public import NIOCore
public import Recording
public import Taps
public import TimelineModel

/// Records a live run of a replay from the bytes of its connections, and has the rules judge it.
///
/// Decodes on a thread of its own; `finish` or `discard` must be called.
public final class WireRecorder: WireWitness, @unchecked Sendable {
    /// What the rules found in a live run.
    public struct Run: Sendable {
        /// In the order of time.
        public var findings: [Finding]
        /// Of the frames that its errors name, by id.
        public var senders: [Int64: Sender]
        /// When its first connection was made; nil where there was none.
        public var began: Timestamp?
    }

    private enum Happening: Sendable {
        case opened(client: SocketAddress?, server: SocketAddress?)
        case bytes(ByteBuffer, from: Sender)
        case ended(by: Sender)
        case reset(by: Sender)
    }

    private struct Event: Sendable {
        var connection: Int
        var at: Timestamp
        var happening: Happening
    }

    /// Frames that are handed over without waiting for the next tick.
    private static let batchFrames = 2_000

    private let timeline: RunTimeline
    private let clock: SteadyClock
    private var thread: DecodingThread<Event>?

    // Used by the decoding thread alone until `finish` has waited for its end.
    private let decoder: StreamDecoder
    private var ids: [Int: Int64] = [:]
    private var began: Timestamp?

    // Guards the bytes that found no room: they are told as a gap before what comes next of their sender.
    private let lock = NSLock()
    private var missed: [Missed: Int] = [:]

    private struct Missed: Hashable {
        var connection: Int
        var sender: Sender
    }

    /// - Parameters:
    ///   - path: the timeline to make or to append to; nil for none.
    ///   - source: what the capture is called: the address.
    ///   - tap: `server` where the server is played, else `client`.
    public init(
        path: String?, source: String, tap: TapPosition, toolVersion: String, clock: SteadyClock,
        settings: LiveRecording.Settings = LiveRecording.Settings()
    ) throws {
        let facts = CaptureFacts(kind: .replay, source: source, tap: tap)
        self.clock = clock
        self.decoder = StreamDecoder(facts)
        self.timeline = try RunTimeline(path: path, facts, toolVersion: toolVersion, settings: settings)
        // Held by its own thread until `finish` or `discard`.
        self.thread = DecodingThread(
            name: "replay-decoder", handle: { [self] in self.handle($0) }, tick: { [self] in self.tick() })
    }

    // MARK: The witness

    public func opened(_ connection: Int, client: SocketAddress?, server: SocketAddress?, at: Timestamp) {
        self.push(connection, .opened(client: client, server: server), at: at)
    }

    public func bytes(_ buffer: ByteBuffer, of connection: Int, from sender: Sender, at: Timestamp) {
        let event = Event(connection: connection, at: at, happening: .bytes(buffer, from: sender))
        // A buffer keeps all of its storage alive, however little of it is used.
        guard self.thread?.push(event, bytes: buffer.storageCapacity + MemoryLayout<Event>.stride) != true else {
            return
        }
        self.lock.withLock {
            self.missed[Missed(connection: connection, sender: sender), default: 0] += buffer.readableBytes
        }
    }

    public func ended(_ connection: Int, by sender: Sender, at: Timestamp) {
        self.push(connection, .ended(by: sender), at: at)
    }

    public func reset(_ connection: Int, by sender: Sender, at: Timestamp) {
        self.push(connection, .reset(by: sender), at: at)
    }

    private func push(_ connection: Int, _ happening: Happening, at: Timestamp) {
        _ = self.thread?.push(Event(connection: connection, at: at, happening: happening), bytes: 0)
    }

    // MARK: The decoding thread

    private func handle(_ event: Event) {
        switch event.happening {
        case .opened(let client, let server):
            self.began = self.began ?? event.at
            self.ids[event.connection] = self.decoder.open(
                ConnectionOpening(
                    clientAddress: client?.ipAddress ?? "", clientPort: client?.port ?? 0,
                    serverAddress: server?.ipAddress ?? "", serverPort: server?.port ?? 0, at: event.at))
        case .bytes(let buffer, let sender):
            guard let id = self.ids[event.connection] else { return }
            self.tellMissed(event, from: sender, id)
            buffer.withUnsafeReadableBytes { bytes in
                self.decoder.receive(id, Span(_unsafeBytes: bytes), from: sender, at: event.at)
            }
        case .ended(let sender):
            guard let id = self.ids[event.connection] else { return }
            self.tellMissed(event, from: sender, id)
            self.decoder.end(id, by: sender, at: event.at)
        case .reset(let sender):
            guard let id = self.ids.removeValue(forKey: event.connection) else { return }
            self.decoder.reset(id, by: sender, at: event.at)
        }
        if self.decoder.readyFrames >= Self.batchFrames { self.tick(at: event.at) }
    }

    private func tellMissed(_ event: Event, from sender: Sender, _ id: Int64) {
        let count = self.lock.withLock {
            self.missed.isEmpty
                ? nil : self.missed.removeValue(forKey: Missed(connection: event.connection, sender: sender))
        }
        if let count { self.decoder.gap(id, count, from: sender, at: event.at) }
    }

    private func tick() { self.tick(at: self.clock.now) }

    private func tick(at: Timestamp) {
        self.decoder.tick(at: at) { self.timeline.recording.submit($0, self.decoder.facts) }
    }

    // MARK: The end

    /// Writes and judges all of it. To be called once, when no more is told; what is open is cut off there.
    public func finish() throws -> Run {
        self.thread?.stop()
        self.thread = nil
        self.decoder.finish { self.timeline.recording.submit($0, self.decoder.facts) }
        let (findings, senders) = try self.timeline.finish()
        return Run(findings: findings, senders: senders, began: self.began)
    }

    /// Gives it up: the run could not begin. Instead of `finish`.
    public func discard() {
        self.thread?.stop()
        self.thread = nil
        self.timeline.discard()
    }
}
