import EngineIO
import HookLog
import TimelineModel
import Wire

/// One transport connection of a hook log: a row of `connections`, and the lane that its messages go to.
final class HookConnection: OpenConnection {
    private enum Content {
        case webSocket(WebSocketLane)
        case polling(PacketLane)
    }

    let scope: ConnectionScope
    private let content: Content
    private(set) var lastActive: Timestamp
    var isChanged = false
    private var isFinished = false
    private var hasMessages = false
    /// What was asked for: path and query.
    private let target: String?

    init(
        _ line: HookLine, _ open: HookLine.Open?, _ transport: Transport, joining other: HookConnection?,
        _ context: DecodingContext
    ) {
        let url = open?.url.map { SourceURL($0) }
        self.target = url?.target
        let facts = ConnectionFacts(
            id: context.log.makeConnectionID(), clientAddress: open?.clientAddress ?? "",
            clientPort: open?.clientPort ?? 0, serverAddress: url?.host ?? other?.scope.facts.serverAddress ?? "",
            serverPort: url?.port ?? other?.scope.facts.serverPort ?? 0, opened: line.at)
        self.scope = ConnectionScope(facts, context)
        self.scope.userAgent = open?.client ?? other?.scope.userAgent
        self.lastActive = line.at
        let target = url.flatMap { EngineIOTarget($0.target) } ?? other?.continuedTarget(transport)
        // A URL without `EIO` may be the user's, without the query that the client adds: it decides nothing, but one
        // that has no sign of Engine.IO at all is what a plain WebSocket asked for.
        let opening = WebSocketLane.Opening(
            target: target, exchange: nil, host: url?.authority, cookie: nil, at: line.at,
            isVague: url == nil ? target == nil : target != nil && target?.eio == nil)
        switch transport {
        case .websocket: self.content = .webSocket(WebSocketLane(self.scope, opening))
        case .polling: self.content = .polling(PacketLane(self.scope, opening))
        }
        context.changes?.add(self)
    }

    /// What a URL would say, where one name stands for the connections of both transports, as in the log of a hook
    /// that knows its Engine.IO socket and not what is below: the session goes on.
    private func continuedTarget(_ transport: Transport) -> EngineIOTarget? {
        guard let session = self.scope.session, let sid = session.facts.sid else { return nil }
        var target = EngineIOTarget("/?EIO=\(session.version.rawValue)&transport=\(transport.rawValue)")
        target?.path = session.facts.path ?? "/"
        target?.sid = sid
        return target
    }

    // MARK: Lines

    /// The handshake of a WebSocket, as far as an end without any message tells of it: what was asked for, and what came
    /// in place of 101.
    private func storeRefusal(_ refusal: HookLine.Close.Refusal, at: Timestamp) {
        let log = self.scope.context.log
        var exchange = ExchangeFacts(
            id: log.makeExchangeID(), connectionID: self.scope.id, method: "GET", target: self.target ?? "/",
            requested: self.scope.facts.opened)
        exchange.answered = at
        exchange.responded = at
        exchange.status = refusal.status
        exchange.userAgent = self.scope.userAgent
        exchange.upgrade = "websocket"
        let body = Array(refusal.body.utf8)
        exchange.responseBytes = body.count
        exchange.setError(body.span)
        log.add(exchange)
    }

    func receive(_ message: HookLine.Message, at: Timestamp) {
        self.note(at)
        switch self.content {
        case .webSocket(let lane):
            self.pass(message.body, text: .text, binary: .binary, message.measure, from: message.sender, at, to: lane)
        case .polling(let lane):
            lane.receive(message, at: at)
        }
    }

    func receive(_ control: HookLine.Control, at: Timestamp) {
        self.note(at)
        // Polling has no control frames.
        guard case .webSocket(let lane) = self.content, let opcode = WebSocketOpcode(rawValue: control.opcode) else {
            return
        }
        self.pass(control.body, text: opcode, binary: opcode, control.measure, from: control.sender, at, to: lane)
    }

    func receive(_ close: HookLine.Close, by sender: Sender?, at: Timestamp) {
        self.note(at)
        let end = close.end ?? .fin
        switch self.content {
        case .webSocket(let lane):
            guard close.code == HookLine.Close.missingCode else {
                let body: HookLine.Body = .bytes(close.frameBody)
                return self.pass(
                    body, text: .close, binary: .close, close.measure, from: sender ?? .server, at, to: lane)
            }
            lane.transportEnded(end, by: sender, at: at)
            if !self.hasMessages {
                // Nothing tells that the server ever spoke WebSocket.
                self.scope.facts.application = close.refusal == nil ? .unknown : .http
                if let refusal = close.refusal { self.storeRefusal(refusal, at: at) }
            }
            self.scope.close(end == .rst ? .rst : .fin, by: sender, at: at)
        case .polling(let lane):
            lane.ended(end, by: sender, at: at)
            self.scope.close(end == .rst ? .rst : .fin, by: sender, at: at)
        }
    }

    func add(_ note: Anomaly) {
        self.note(note.at)
        self.scope.add(note)
    }

    /// No more will come of it.
    func finish(at: Timestamp) {
        if case .webSocket(let lane) = self.content { lane.finish() }
        self.scope.finishWhole(at: at)
        self.isFinished = true
    }

    func currentFacts() -> ConnectionFacts? { self.isFinished ? nil : self.scope.facts }
    /// There is no HTTP to be seen.
    func openExchanges() -> [ExchangeFacts] { [] }

    private func note(_ at: Timestamp) {
        if self.lastActive < at { self.lastActive = at }
        self.scope.context.changes?.add(self)
    }

    private func pass(
        _ body: HookLine.Body, text: WebSocketOpcode, binary: WebSocketOpcode, _ measure: HookLine.Measure,
        from sender: Sender, _ at: Timestamp, to lane: WebSocketLane
    ) {
        self.hasMessages = true
        let (bytes, size, loss) = body.content(limit: self.scope.context.limits.messageBytes)
        var opcode = binary
        if case .text = body { opcode = text }
        if case .unreadable(let told, _) = body { opcode = WebSocketOpcode(rawValue: told) ?? binary }
        self.scope.count(size, from: sender)
        lane.receive(
            WebSocketMessage(
                opcode: opcode, at: at, wireBytes: measure.wireBytes ?? measure.sizeBytes ?? size,
                flags: measure.flags, loss: loss,
                statedBytes: measure.sizeBytes ?? (loss == .overLimit ? size : nil)),
            bytes.span, from: sender)
    }
}

extension HookLine.Body {
    /// The bytes, and why they are not there where they are not.
    var content: (bytes: [UInt8], loss: String?) {
        switch self {
        case .text(let text): (Array(text.utf8), nil)
        case .bytes(let bytes): (bytes, nil)
        case .unreadable(_, let reason): ([], reason)
        }
    }

    /// The same of what is kept, and its size before: a message larger than `limit` is not.
    func content(limit: Int) -> (bytes: [UInt8], size: Int, loss: WebSocketMessage.Loss?) {
        let (bytes, loss) = self.content
        if bytes.count > limit { return ([], bytes.count, .overLimit) }
        return (bytes, bytes.count, loss.map { .told($0) })
    }
}

extension HookLine.Close {
    /// The body of the close frame. Source: RFC 6455, section 5.5.1.
    var frameBody: [UInt8] {
        guard self.code != Self.emptyCode else { return [] }
        return [UInt8(self.code >> 8), UInt8(self.code & 0xFF)] + Array(self.reason.utf8)
    }
}

extension ConnectionScope {
    /// The row of a connection that came as whole messages: it ends with the input, unless something ended it before.
    func finishWhole(at: Timestamp) {
        self.finish(at: at)
        self.close(.captureEnd, by: nil, at: at)
        if self.facts.closeKind == .captureEnd { self.facts.closed = nil }
        self.context.log.add(self.facts)
    }

    /// Where there is no stream below, its bytes are those of the messages.
    func count(_ bytes: Int, from sender: Sender) {
        if sender == .client { self.facts.bytesClient += Int64(bytes) } else { self.facts.bytesServer += Int64(bytes) }
    }
}
