import Decoding
internal import Foundation
import HookLog
public import Recording
public import SocketIOClient
import Synchronization
public import TimelineModel

/// Writes what a client sees into a timeline.
///
/// Never makes the client wait: decoding has a thread of its own, and what does not fit its queue (64 MiB) is dropped,
/// counted in the capture, and makes it incomplete.
public final class TimelineObserver: TrafficObserver, @unchecked Sendable {
    // Used by the decoding thread alone, and by `finish` behind its end.
    private let decoder: HookDecoder
    private let recording: LiveRecording
    private let capture: Int
    private let dropped = Atomic<Int64>(0)
    private let hasSeenOpening = Atomic<Bool>(false)
    private let hasSeenServer = Atomic<Bool>(false)
    // Set once, in `init`.
    private var thread: DecodingThread<Seen>?

    private enum Seen: Sendable {
        case line(HookLine)
        /// What a hook log has no line for.
        case anomaly(Anomaly, session: String)
    }

    /// - Parameter capture: the recording's number of the capture that `facts` are of.
    public init(_ recording: LiveRecording, _ facts: CaptureFacts, capture: Int = 0) {
        self.decoder = HookDecoder(facts)
        self.recording = recording
        self.capture = capture
        self.thread = DecodingThread(
            name: "client tap", handle: { [weak self] in self?.decode($0) },
            tick: { [weak self] in self?.tick() })
    }

    /// There was a server to connect to.
    public var hasOpened: Bool { self.hasSeenOpening.load(ordering: .relaxed) }
    /// The server has sent a message.
    public var hasHeardServer: Bool { self.hasSeenServer.load(ordering: .relaxed) }

    public func observe(_ traffic: Traffic) {
        switch traffic.event {
        case .opening: self.hasSeenOpening.store(true, ordering: .relaxed)
        case .message(let message) where message.sender == .server:
            self.hasSeenServer.store(true, ordering: .relaxed)
        default: break
        }
        let (seen, bytes): (Seen, Int)
        if case .violation(let violation, let detail) = traffic.event {
            let anomaly = Anomaly(violation.code, at: traffic.at, detail: detail)
            (seen, bytes) = (.anomaly(anomaly, session: HookLine.session(of: traffic)), 256)
        } else if let line = HookLine(traffic) {
            (seen, bytes) = (.line(line), line.heldBytes)
        } else {
            return
        }
        if self.thread?.push(seen, bytes: bytes) != true { self.dropped.add(1, ordering: .relaxed) }
    }

    private func decode(_ seen: Seen) {
        switch seen {
        case .line(let line): self.decoder.receive(line)
        case .anomaly(let anomaly, let session): self.decoder.add(anomaly, session: session)
        }
    }

    private func tick() {
        let now = Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
        self.decoder.tick(at: now) { self.submit($0) }
    }

    private func submit(_ batch: TimelineBatch) {
        var facts = self.decoder.facts
        facts.droppedPackets += self.dropped.load(ordering: .relaxed)
        if facts.droppedPackets > 0 { facts.completeTail = false }
        self.recording.submit(batch, facts, capture: self.capture)
    }

    /// Everything that was seen is handed over when it returns.
    public func finish() {
        self.thread?.stop()
        self.decoder.finish { self.submit($0) }
    }
}

extension FrameViolation {
    /// As the decoder of captures calls it.
    fileprivate var code: Anomaly.Code {
        switch self {
        case .masked: "websocket.masked-server-frame"
        case .reservedBits: "websocket.reserved-bits"
        case .reservedOpcode: "websocket.reserved-opcode"
        case .controlFrame: "websocket.invalid-control-frame"
        case .orphanContinuation: "websocket.orphan-continuation"
        case .unfinishedMessage: "websocket.unfinished-message"
        }
    }
}

extension HookLine {
    /// About what it takes while it waits.
    fileprivate var heldBytes: Int {
        let fixed = 256
        guard case .message(let message) = self.event else { return fixed }
        switch message.body {
        case .text(let text): return fixed + text.utf8.count
        case .bytes(let bytes): return fixed + bytes.count
        case .unreadable: return fixed
        }
    }
}
