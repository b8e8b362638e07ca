import EngineIO
import JSONText
import TimelineModel
import Wire

/// One WebSocket: its messages become packets of a session, or rows of a plain WebSocket.
final class WebSocketLane {
    /// What the messages are.
    private enum Content {
        case engineIO(EngineIOVersion)
        /// Joined mid-stream: the first text will tell.
        case undecided
        case plain
    }

    /// How the WebSocket began, where that was seen.
    struct Opening {
        var target: EngineIOTarget?
        var exchange: ExchangeFacts?
        var host: String?
        var cookie: String?
        var at: Timestamp
        /// The URL is not as it was sent, or does not name a version: the messages must tell what they are.
        var isVague = false
    }

    private let scope: ConnectionScope
    private var content: Content
    private let opening: Opening?
    private var session: SessionLane?
    /// Messages that wait for the first text to tell what they are, so that all of a session are its own.
    private var undecided: [(WebSocketMessage, Sender, [UInt8])] = []
    private var undecidedBytes = 0
    /// What a message that waits costs beside its bytes.
    private static let waitingCost = 256
    private lazy var holdID = self.scope.context.log.makeHoldID()
    /// The first close frame; first by its time, for after loss the two directions are not told in step.
    private var closed: (at: Timestamp, sender: Sender)?
    /// Who sent it, unless the other end's may be older and is not read.
    private var closer: Sender?
    /// Whether there is something of an end that could not be read so far; nil where messages come whole.
    var isUnread: ((Sender) -> Bool)?
    /// The exchange that opened it, stored as soon as it is known which session came of it.
    private var exchange: ExchangeFacts?

    init(_ scope: ConnectionScope, _ opening: Opening?) {
        self.scope = scope
        self.opening = opening
        if let opening, !opening.isVague {
            self.content = opening.target.map { .engineIO($0.version) } ?? .plain
        } else {
            self.content = .undecided
        }
        // An upgrade of a polling session names it in the URL.
        if let sid = opening?.target?.sid {
            self.session = scope.context.sessions.find(sid, server: scope.server)
            self.scope.session = self.session
            scope.claimGaps()
        }
        self.exchange = opening?.exchange
        scope.facts.application = .websocket
        if self.session != nil { self.storeExchange() }
    }

    /// The exchange that opened it, while that is not stored.
    var openExchange: ExchangeFacts? { self.exchange }

    private func storeExchange() {
        guard var exchange = self.exchange else { return }
        self.exchange = nil
        exchange.sessionID = self.session?.facts.id
        self.log.add(exchange)
    }

    private var log: TimelineLog { self.scope.context.log }

    /// A whole message or control frame; `bytes` are what `message.loss` leaves of it.
    func receive(_ message: WebSocketMessage, _ bytes: Span<UInt8>, from sender: Sender) {
        if let closed = self.closed, closed.sender != sender {
            // A close frame is an end's last: there was none in what is missing before this one.
            self.changeCloser(closed.sender)
        }
        switch message.opcode {
        case .ping where !self.undecided.isEmpty, .pong where !self.undecided.isEmpty:
            self.wait(message, bytes, sender)
        case .close, .ping, .pong:
            self.addControl(message, bytes, sender)
        case .text, .binary, .continuation:
            switch self.content {
            case .plain: self.addPlain(message, bytes, sender)
            case .engineIO(let version): self.addPacket(message, bytes, sender, version)
            case .undecided: self.decide(message, bytes, sender)
            }
        }
    }

    /// The capture misses messages of one end.
    func loseMessages(of sender: Sender) {
        self.session?.loseMessages(of: sender)
        // Its close frame may be among them.
        if self.closed?.sender == sender.other { self.changeCloser(nil) }
    }

    /// The TCP connection below ended. A FIN behind a close frame is the orderly end and no news.
    func transportEnded(_ endClass: EndClass, by sender: Sender?, at: Timestamp) {
        self.flushUndecided()
        guard self.closed == nil else { return }
        self.session?.transportEnded(endClass, by: sender, connectionID: self.scope.id, at: at)
    }

    /// No more will come, and nothing said how it ended.
    func finish() {
        self.flushUndecided()
        self.storeExchange()
    }

    private func origin(_ message: WebSocketMessage, _ sender: Sender, sizeBytes: Int) -> FrameOrigin {
        FrameOrigin(
            connectionID: self.scope.id, at: message.at, sender: sender, transport: .websocket,
            opcode: message.opcode.rawValue, sizeBytes: message.statedBytes ?? sizeBytes, wireBytes: message.wireBytes,
            flags: message.flags)
    }

    // MARK: Engine.IO

    private func addPacket(
        _ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender, _ version: EngineIOVersion
    ) {
        let origin = self.origin(message, sender, sizeBytes: message.loss == nil ? bytes.count : 0)
        let session = self.session ?? self.makeSession(message, bytes, sender, version)
        if let loss = message.loss {
            session.addUnreadable(origin, self.anomaly(loss, message, sender), self.log)
        } else if message.opcode == .text {
            session.receiveText(bytes, origin, self.log)
        } else {
            session.receiveBinary(bytes, origin, self.log)
        }
    }

    /// The first packet makes the session: the open packet with what it says, any other one of which the beginning
    /// is not in the capture.
    private func makeSession(
        _ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender, _ version: EngineIOVersion
    ) -> SessionLane {
        let isText = message.opcode == .text && message.loss == nil
        let session = self.scope.makeSession(
            firstText: bytes.extracting(0..<(isText ? bytes.count : 0)), from: sender, version, self.opening,
            at: message.at)
        // With a sid in the URL it is an upgrade: polling carries the session until the upgrade packet.
        if self.opening?.target?.sid == nil { session.run(onWebSocket: self.scope.id) }
        self.session = session
        self.scope.claimGaps()
        self.storeExchange()
        return session
    }

    private func anomaly(_ loss: WebSocketMessage.Loss, _ message: WebSocketMessage, _ sender: Sender) -> Anomaly {
        let place = message.offset.map { ConnectionScope.place($0, sender) }
        let reason = loss.reason(limitBytes: self.scope.context.limits.messageBytes, at: place)
        return Anomaly("websocket.unreadable-message", at: message.at, detail: reason, connectionID: self.scope.id)
    }

    // MARK: Undecided and plain

    /// Joined mid-stream: the first text that can be told decides, for itself and for what came before it.
    private func decide(_ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender) {
        if message.opcode == .text, message.loss == nil {
            self.content = Self.looksLikeEngineIO(bytes) ? .engineIO(self.version(bytes, sender)) : .plain
            self.flushUndecided()
            self.receive(message, bytes, from: sender)
            return
        }
        self.wait(message, bytes, sender)
    }

    private func wait(_ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender) {
        // Of what cannot be read the bytes say nothing, now or later.
        let kept = message.loss == nil ? bytes.array(0..<bytes.count) : []
        self.undecided.append((message, sender, kept))
        self.undecidedBytes += kept.count + Self.waitingCost
        // Their rows are older than what other connections give meanwhile.
        if self.undecided.count == 1 { self.log.hold(self.holdID, since: message.at) }
        let limits = self.scope.context.limits
        let isLong = message.at.nanoseconds(since: self.undecided[0].0.at) > limits.undecidedNs
        guard isLong || self.undecidedBytes > limits.undecidedBytes else { return }
        let (first, side, _) = self.undecided[0]
        let place = first.offset.map { ", the first " + ConnectionScope.place($0, side) } ?? ""
        self.scope.add(
            Anomaly(
                "websocket.undecided-messages", at: message.at,
                detail:
                    "\(self.undecided.count) messages, rows without a session\(place); "
                    + "expected a text that says what they are")
        )
        self.flushUndecided(decides: false)
    }

    /// - Parameter decides: no more will come that could tell; else what waits is given up, and a later text decides.
    private func flushUndecided(decides: Bool = true) {
        guard !self.undecided.isEmpty else { return }
        let before = self.content
        if case .undecided = self.content { self.content = .plain }
        let waiting = self.undecided
        self.undecided = []
        self.undecidedBytes = 0
        for (message, sender, bytes) in waiting { self.receive(message, bytes.span, from: sender) }
        if !decides { self.content = before }
        self.log.hold(self.holdID, since: nil)
    }

    /// A packet of Engine.IO, told by its grammar: `2`, `3`, `5`, `6` alone, a probe, an open packet, or a `message`
    /// that holds a packet of Socket.IO.
    static func looksLikeEngineIO(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return false }
        switch bytes[0] {
        case UInt8(ascii: "2"), UInt8(ascii: "3"): return bytes.count == 1 || bytes.has("probe", at: 1)
        case UInt8(ascii: "5"), UInt8(ascii: "6"), UInt8(ascii: "1"): return bytes.count == 1
        case UInt8(ascii: "0"): return bytes.count > 1 && bytes[1] == UInt8(ascii: "{")
        case UInt8(ascii: "4"):
            guard bytes.count > 1, bytes[1] >= UInt8(ascii: "0"), bytes[1] <= UInt8(ascii: "6") else { return false }
            if bytes.count == 2 { return true }
            let third = bytes[2]
            return third == UInt8(ascii: "[") || third == UInt8(ascii: "{") || third == UInt8(ascii: "/")
                || (third >= UInt8(ascii: "0") && third <= UInt8(ascii: "9"))
        default: return false
        }
    }

    /// Who pings tells the version where the URL is not there; else 4, which nearly all speak.
    private func version(_ bytes: Span<UInt8>, _ sender: Sender) -> EngineIOVersion {
        let clientPings = sender == .client && bytes.count == 1 && bytes[0] == UInt8(ascii: "2")
        let serverPongs = sender == .server && bytes.count == 1 && bytes[0] == UInt8(ascii: "3")
        return clientPings || serverPongs ? .v3 : .v4
    }

    private func addPlain(_ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender) {
        let origin = self.origin(message, sender, sizeBytes: message.loss == nil ? bytes.count : 0)
        var frame = origin.frame(.websocket, sessionID: nil)
        var anomalies: [Anomaly] = []
        if let loss = message.loss {
            anomalies.append(self.anomaly(loss, message, sender))
        } else if message.opcode == .text {
            frame.payload = origin.text(bytes, &anomalies)
        } else {
            frame.binary = bytes.array(0..<bytes.count)
        }
        self.log.add(frame, anomalies)
    }

    // MARK: Control frames

    private func addControl(_ message: WebSocketMessage, _ bytes: Span<UInt8>, _ sender: Sender) {
        if case .undecided = self.content, message.opcode == .close { self.flushUndecided() }
        let origin = self.origin(message, sender, sizeBytes: bytes.count)
        var frame = origin.frame(.websocket, sessionID: nil)
        var anomalies: [Anomaly] = []
        if let loss = message.loss {
            anomalies.append(self.anomaly(loss, message, sender))
        } else if message.opcode == .close {
            self.readClose(bytes, origin, &frame, &anomalies)
        } else if let text = bytes.withUnsafeBufferPointer({ String(validating: $0, as: UTF8.self) }) {
            frame.payload = bytes.count > 0 ? text : nil
        } else {
            frame.binary = bytes.array(0..<bytes.count)
        }
        let code = frame.closeCode
        if let session = self.session {
            session.addControl(frame, anomalies, self.log)
        } else {
            self.log.add(frame, anomalies)
        }
        guard message.opcode == .close else { return }
        if let closed = self.closed, message.at >= closed.at { return }
        self.closed = (message.at, sender)
        // The other end's close frame, which this one may answer, may be among what could not be read of it.
        self.closer = self.isUnread?(sender.other) == true ? nil : sender
        self.scope.close(.webSocketClose, by: self.closer, at: message.at)
        self.session?.transportEnded(
            .webSocketClose, by: self.closer, code: code, connectionID: self.scope.id, at: message.at)
    }

    private func changeCloser(_ sender: Sender?) {
        guard let closed = self.closed, self.closer != sender else { return }
        self.closer = sender
        if self.scope.facts.closeKind == .webSocketClose { self.scope.facts.closedBy = sender }
        self.session?.closedWebSocket(by: sender, connectionID: self.scope.id, at: closed.at)
    }

    /// Code and reason of a close frame. Source: RFC 6455, sections 5.5.1 and 7.4.
    private func readClose(
        _ bytes: Span<UInt8>, _ origin: FrameOrigin, _ frame: inout Frame, _ anomalies: inout [Anomaly]
    ) {
        guard bytes.count > 0 else { return }
        guard bytes.count >= 2 else {
            anomalies.append(
                origin.anomaly(
                    "websocket.invalid-close",
                    "1 byte at offset 0 of the body of a close frame; expected none, or a code of 2"))
            return
        }
        let code = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        frame.closeCode = code
        if bytes.count > 2 { frame.payload = origin.text(bytes.extracting(2..<bytes.count), &anomalies) }
        switch code {
        case 0...999, 1004, 1005, 1006, 1015, 1016...2999:
            anomalies.append(
                origin.anomaly(
                    "websocket.invalid-close",
                    "close code \(code) at offset 0 of the body of a close frame; "
                        + "expected one of 1000 to 1014 that may be sent, or 3000 to 4999"))
        default: break
        }
    }
}
