import EngineIO
public import TimelineModel

/// Puts the frames of one session together to its packets. Frames go in in time order.
///
/// Memory is the session's: a replay needs all of it.
public struct SessionCollector: Sendable {
    private var session: RecordedSession
    /// Where the header that still waits for attachments stands, for each sender.
    private var waiting: [Sender: Int] = [:]

    public init(_ facts: SessionFacts) { self.session = RecordedSession(facts: facts) }

    public mutating func see(_ frame: Frame) {
        if frame.layer == .websocket {
            guard frame.opcode == 8 else { return }
            self.session.closeFrames.append(
                RecordedSession.CloseFrame(
                    at: frame.at, sender: frame.sender, code: frame.closeCode, reason: frame.payload ?? ""))
            return
        }
        if frame.socketIOType == .attachment, self.attach(frame) { return }
        guard let content = Self.content(of: frame) else { return }
        if case .socketIO(let packet) = content {
            self.waiting[frame.sender] = packet.announced > 0 ? self.session.packets.count : nil
        }
        self.session.packets.append(
            RecordedPacket(
                frameID: frame.id, at: frame.at, sender: frame.sender, transport: frame.transport, content: content))
    }

    /// What broke a body of the client so that no frame came of it.
    public mutating func see(_ anomaly: Anomaly) {
        guard Self.isBrokenBody(anomaly) else { return }
        self.session.brokenBodies.append(anomaly.at)
    }

    public static func isBrokenBody(_ anomaly: Anomaly) -> Bool {
        ["engineio.malformed-payload", "engineio.length-mismatch"].contains(anomaly.code)
            && anomaly.detail.hasPrefix("body of the client")
    }

    public mutating func see(_ exchange: ExchangeFacts) { self.session.exchanges.append(exchange) }

    public consuming func finish() -> RecordedSession { self.session }

    /// False where no header waits for it: an orphan, kept as a bare message.
    private mutating func attach(_ frame: Frame) -> Bool {
        guard let place = self.waiting[frame.sender],
            case .socketIO(var packet) = self.session.packets[place].content
        else { return false }
        packet.attachments.append(frame.binary ?? [])
        self.session.packets[place].content = .socketIO(packet)
        self.session.packets[place].at = frame.at
        if packet.attachments.count >= packet.announced { self.waiting[frame.sender] = nil }
        return true
    }

    /// Nil for what is none of Engine.IO's affairs.
    private static func content(of frame: Frame) -> RecordedPacket.Content? {
        guard let type = frame.engineIOType else {
            guard frame.layer == .engineio else { return nil }
            return .unreadable(frame.binary.map { .binary($0) } ?? .text(frame.payload ?? ""))
        }
        guard type == .message else { return .engineIO(type, frame.payload ?? "") }
        guard let socketIOType = frame.socketIOType, socketIOType != .attachment else {
            return .message(frame.binary.map { .binary($0) } ?? .text(frame.payload ?? ""))
        }
        let isBinary = socketIOType == .binaryEvent || socketIOType == .binaryAck
        return .socketIO(
            ScriptedPacket(
                type: socketIOType, namespace: frame.namespace ?? "/", event: frame.event, ackID: frame.ackID,
                payload: frame.payload, announced: isBinary ? frame.attachments ?? 0 : 0))
    }
}
