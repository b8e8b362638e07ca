import EngineIO
import JSONText
import SocketIO
import TimelineModel
import Wire

/// One Engine.IO session over all its connections: turns its packets into frames and knows how it ends.
final class SessionLane {
    /// What its `message` packets carry.
    private enum Application {
        /// Nothing said it yet.
        case undecided
        case socketIO
        /// Plain Engine.IO: the data is the application's own.
        case engineIO
    }

    private(set) var facts: SessionFacts {
        didSet { self.noteChange() }
    }
    let version: EngineIOVersion
    private var socketIOVersion: SocketIOVersion { self.version == .v4 ? .v5 : .v4 }
    private var application = Application.undecided
    /// The path names Socket.IO (true) or Engine.IO (false).
    private let pathHint: Bool?
    private var clientAttachments = AttachmentAssembler()
    private var serverAttachments = AttachmentAssembler()
    private(set) var lastActive: Timestamp
    private(set) var end = SessionEnd() {
        didSet { self.noteChange() }
    }
    /// A later session of the same client began before an end was seen.
    var isSuperseded = false {
        didSet { self.noteChange() }
    }
    /// The source shows whole lives, and no more of this one; not whether anything ended it. What is not its
    /// WebSocket's may still follow, so `lastActive` says since when.
    var isSilent = false
    private let changes: Changes?
    /// It waits among `changes`.
    var isChanged = false
    /// The table has let it go.
    var isForgotten = false
    /// The connection of the WebSocket that carries the session; nil while it polls.
    private(set) var webSocketID: Int64?
    private let client: ClientIdentity
    /// The server's end of the connection on which the sid was issued.
    var server: String { self.client.server }
    var clientAddress: String { self.client.clientAddress }

    init(
        _ facts: SessionFacts, version: EngineIOVersion, pathHint: Bool?, client: ClientIdentity,
        _ changes: Changes? = nil
    ) {
        self.changes = changes
        self.facts = facts
        self.version = version
        self.pathHint = pathHint
        self.client = client
        self.lastActive = facts.opened
        self.facts.engineIOVersion = version.rawValue
    }

    // MARK: Packets

    /// A text: a WebSocket text message, or one piece of a polling payload.
    func receiveText(_ bytes: Span<UInt8>, _ origin: FrameOrigin, _ log: TimelineLog) {
        do throws(EngineIODecodeError) {
            let head = try EngineIOPacketHead.text(bytes, self.version)
            self.receive(head, bytes, origin, log)
        } catch {
            self.addMalformed(bytes, isBinary: false, error, origin, log)
        }
    }

    /// Binary bytes: a WebSocket binary message, or a binary record of a v3 payload.
    func receiveBinary(_ bytes: Span<UInt8>, _ origin: FrameOrigin, _ log: TimelineLog) {
        do throws(EngineIODecodeError) {
            let head = try EngineIOPacketHead.binary(bytes, self.version)
            self.receive(head, bytes, origin, log)
        } catch {
            self.addMalformed(bytes, isBinary: true, error, origin, log)
        }
    }

    /// A WebSocket control frame of one of its connections.
    func addControl(_ frame: consuming Frame, _ anomalies: [Anomaly], _ log: TimelineLog) {
        frame.sessionID = self.facts.id
        self.add(frame, anomalies, log)
    }

    /// A message whose bytes are not there, or not to be read.
    func addUnreadable(_ origin: FrameOrigin, _ anomaly: Anomaly, _ log: TimelineLog) {
        self.note(origin)
        var frame = origin.frame(.engineio, sessionID: self.facts.id)
        // Of a binary message the opcode says enough: it is a `message`, and an attachment where one is awaited.
        if origin.opcode == 2, self.joinAttachment(&frame) || self.version == .v4 { frame.engineIOType = .message }
        self.add(frame, [anomaly], log)
    }

    /// Messages of one end are not in the capture, nobody knows how many.
    func loseMessages(of sender: Sender) {
        self.withAttachments(sender) { $0.lose() }
    }

    private func receive(
        _ head: EngineIOPacketHead, _ bytes: Span<UInt8>, _ origin: FrameOrigin, _ log: TimelineLog
    ) {
        self.note(origin)
        var frame = origin.frame(.engineio, sessionID: self.facts.id)
        frame.engineIOType = head.type
        var anomalies: [Anomaly] = []
        let data = bytes.extracting(head.dataOffset..<bytes.count)
        switch head.form {
        case .text where head.type == .message:
            self.receiveMessage(data, origin, &frame, &anomalies)
        case .text:
            if data.count > 0 { frame.payload = origin.text(data, &anomalies) }
        case .binary:
            self.receiveBinaryMessage(data, origin, &frame, &anomalies)
        case .base64:
            if let decoded = Base64.decode(data) {
                frame.sizeBytes = decoded.count
                self.receiveBinaryMessage(decoded.span, origin, &frame, &anomalies)
            } else {
                anomalies.append(
                    origin.anomaly(
                        "engineio.malformed-packet", EngineIODecodeError.badBase64(offset: head.dataOffset).description)
                )
                frame.engineIOType = nil
                frame.payload = origin.text(bytes, &anomalies)
            }
        }
        self.noteLife(frame)
        self.add(frame, anomalies, log)
    }

    private func receiveMessage(
        _ data: Span<UInt8>, _ origin: FrameOrigin, _ frame: inout Frame, _ anomalies: inout [Anomaly]
    ) {
        if self.application == .engineIO {
            if data.count > 0 { frame.payload = origin.text(data, &anomalies) }
            return
        }
        do throws(SocketIODecodeError) {
            let head = try SocketIOPacketHead(data, self.socketIOVersion)
            if self.application == .undecided {
                // A digit alone may be the application's own, under a path of Engine.IO all but a CONNECT.
                let isTelling = self.pathHint == true || head.type == .connect
                guard isTelling || (self.pathHint == nil && head.payload != nil) else {
                    self.decide(.engineIO, parser: nil)
                    if data.count > 0 { frame.payload = origin.text(data, &anomalies) }
                    return
                }
                self.decide(.socketIO, parser: .json)
            }
            self.fill(&frame, head, data, origin, &anomalies)
        } catch {
            if data.count > 0 { frame.payload = origin.text(data, &anomalies) }
            if self.application == .undecided, self.pathHint != true {
                // The first message of a session says what it speaks; this one is not Socket.IO.
                self.decide(.engineIO, parser: nil)
            } else {
                if self.application == .undecided { self.decide(.socketIO, parser: .json) }
                anomalies.append(origin.anomaly("socketio.malformed-packet", error.description))
            }
        }
    }

    private func fill(
        _ frame: inout Frame, _ head: SocketIOPacketHead, _ data: Span<UInt8>, _ origin: FrameOrigin,
        _ anomalies: inout [Anomaly]
    ) {
        frame.socketIOType = head.type
        frame.namespace = head.namespace.map { data.text($0) } ?? "/"
        frame.event = head.event
        frame.ackID = head.ackID
        frame.attachments = head.attachments
        if let payload = head.payload ?? head.query {
            frame.payload = origin.text(data.extracting(payload), &anomalies)
        }
        if head.hasSpaceBeforePayload {
            anomalies.append(
                origin.anomaly(
                    "socketio.space-before-payload",
                    "white space before the payload at offset \(head.payload?.lowerBound ?? 0) of the Socket.IO packet; "
                        + "expected none, for the reference server reads it as ack id 0"))
        }
        if let event = head.event, SocketIOPacketHead.isReserved(event) {
            anomalies.append(
                origin.anomaly(
                    "socketio.reserved-event-name",
                    "the event name \"\(event)\", which is reserved, at offset "
                        + "\(head.payload?.lowerBound ?? 0) of the Socket.IO packet; expected another"))
        }
        self.withAttachments(origin.sender) { assembler in
            if let missing = assembler.interrupt() {
                anomalies.append(
                    origin.anomaly(
                        "socketio.attachment-interleaved",
                        "a packet at offset 0 of the message, before \(missing.count) of "
                            + "\(missing.header.attachments) attachments of the last one; expected these first"))
            }
            if let count = head.attachments {
                assembler.begin(
                    AttachmentAssembler.Header(
                        namespace: frame.namespace ?? "/", event: head.event, ackID: head.ackID, attachments: count))
            }
        }
    }

    private func receiveBinaryMessage(
        _ data: Span<UInt8>, _ origin: FrameOrigin, _ frame: inout Frame, _ anomalies: inout [Anomaly]
    ) {
        frame.binary = data.array(0..<data.count)
        guard frame.engineIOType == .message, self.application != .engineIO else { return }
        if self.joinAttachment(&frame) { return }
        if self.facts.parser != .json, let packet = MessagePackPacket(data) {
            self.decide(.socketIO, parser: .msgpack)
            frame.socketIOType = packet.type
            frame.namespace = packet.namespace
            frame.event = packet.event
            frame.ackID = packet.ackID
            frame.payload = packet.data?.description
            return
        }
        // Joined mid-session, the header may lie before the capture.
        guard self.application == .socketIO, self.facts.completeHead, self.facts.holes == 0 else { return }
        let isMessagePack = self.facts.parser == .msgpack
        anomalies.append(
            origin.anomaly(
                isMessagePack ? "socketio.malformed-packet" : "socketio.orphan-attachment",
                "\(Anomaly.bytes(data.count)) of binary at offset 0 of the message; expected "
                    + (isMessagePack ? "a packet of MessagePack" : "a packet before it that announces an attachment")))
    }

    /// Makes `frame` the next attachment of the header that waits for one; false where none does.
    private func joinAttachment(_ frame: inout Frame) -> Bool {
        var joined: (header: AttachmentAssembler.Header, number: Int)?
        self.withAttachments(frame.sender) { joined = $0.receiveBinary() }
        guard let joined else { return false }
        frame.socketIOType = .attachment
        frame.namespace = joined.header.namespace
        frame.event = joined.header.event
        frame.ackID = joined.header.ackID
        frame.attachments = joined.number
        return true
    }

    private func decide(_ application: Application, parser: PacketParser?) {
        self.application = application
        self.facts.parser = parser
        self.facts.socketIOVersion = application == .socketIO ? self.socketIOVersion.rawValue : nil
    }

    private func withAttachments(_ sender: Sender, _ body: (inout AttachmentAssembler) -> Void) {
        if sender == .client { body(&self.clientAttachments) } else { body(&self.serverAttachments) }
    }

    private func addMalformed(
        _ bytes: Span<UInt8>, isBinary: Bool, _ error: EngineIODecodeError, _ origin: FrameOrigin, _ log: TimelineLog
    ) {
        self.note(origin)
        var frame = origin.frame(.engineio, sessionID: self.facts.id)
        var anomalies: [Anomaly] = []
        if isBinary {
            frame.binary = bytes.array(0..<bytes.count)
        } else if bytes.count > 0 {
            frame.payload = origin.text(bytes, &anomalies)
        }
        anomalies.append(origin.anomaly("engineio.malformed-packet", error.description))
        self.noteLife(frame)
        self.add(frame, anomalies, log)
    }

    // MARK: Life

    /// What the open packet says.
    func open(_ handshake: EngineIOHandshake) {
        self.facts.sid = handshake.sid
        self.facts.pingIntervalMs = handshake.pingIntervalMs
        self.facts.pingTimeoutMs = handshake.pingTimeoutMs
        self.facts.maxPayload = handshake.maxPayload
        self.facts.upgrades = handshake.upgrades.joined(separator: ",")
        self.facts.completeHead = true
    }

    /// Carried by this WebSocket from its first packet on, as sessions that never polled are.
    func run(onWebSocket connectionID: Int64) {
        self.webSocketID = connectionID
    }

    func noteHole() {
        self.facts.holes += 1
    }

    func setLineage(_ lineage: Int64) {
        self.facts.lineage = lineage
    }

    private func note(_ origin: FrameOrigin) {
        if !self.facts.transports.contains(origin.transport) { self.facts.transports.append(origin.transport) }
        if self.lastActive < origin.at { self.lastActive = origin.at }
    }

    private func add(_ frame: consuming Frame, _ anomalies: [Anomaly], _ log: TimelineLog) {
        if frame.sender == .client { self.facts.framesClient += 1 } else { self.facts.framesServer += 1 }
        log.add(frame, anomalies)
    }

    /// What a packet means for the life of the session: an upgrade, an end, or that an end was none.
    private func noteLife(_ frame: Frame) {
        switch frame.engineIOType {
        case .close:
            let isHonoured = frame.transport == .polling && self.webSocketID == nil
            self.end.note(.engineIOClose, by: frame.sender, at: frame.at, isHonoured ? .final : .closePacket)
        case .noop:
            break  // the server flushes a pending poll with it, after a close as well
        case .upgrade where frame.transport == .websocket && frame.sender == .client:
            self.webSocketID = frame.connectionID
            self.end.clear()
        default:
            self.end.clear()
        }
    }

    /// One of its connections ended. Only the one that carries the session ends it.
    func transportEnded(
        _ endClass: EndClass, by sender: Sender?, code: UInt16? = nil, connectionID: Int64, at: Timestamp
    ) {
        guard self.webSocketID == connectionID else { return }
        self.end.note(endClass, by: sender, at: at, code: code, .final)
    }

    /// Who sent the close frame that came at `at` is known better than it was.
    func closedWebSocket(by sender: Sender?, connectionID: Int64, at: Timestamp) {
        guard self.webSocketID == connectionID else { return }
        self.end.correct(.webSocketClose, at: at, by: sender)
        self.noteChange()
    }

    /// A poll was cut off or refused while the session still polled.
    func pollFailed(_ endClass: EndClass, by sender: Sender?, at: Timestamp) {
        guard self.webSocketID == nil else { return }
        self.end.note(endClass, by: sender, at: at, .failedPoll)
    }

    /// An answer to one of its polls or posts: it lives.
    func pollSucceeded() {
        if self.webSocketID == nil { self.end.clearFailedPoll() }
    }

    private func noteChange() {
        guard let changes = self.changes, !self.isChanged else { return }
        changes.add(self)
    }

    /// The facts with the end as it is known now; without one where none is.
    func current() -> SessionFacts {
        var facts = self.facts
        if let known = self.end.known {
            facts.endClass = known.endClass
            facts.endedBy = known.sender
            facts.ended = known.at
            facts.closeCode = known.code
            facts.completeTail = true
        } else if self.isSuperseded {
            facts.endClass = .superseded
            facts.ended = self.lastActive
        }
        return facts
    }

    /// The same once no more will come.
    func finished() -> SessionFacts {
        var facts = self.current()
        if facts.endClass == nil { facts.endClass = .captureEnd }
        return facts
    }
}
