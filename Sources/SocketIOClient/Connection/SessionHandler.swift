import EngineIO
import NIOCore
import NIOWebSocket
import SocketIO
import TimelineModel

/// One connection, from its first byte to its end: hands WebSocket messages to the machines, and does what they say.
///
/// Lives on its event loop, so that emits of any threads come one after the other. Where the system does not take what
/// is written, emits wait here, unwritten, in their order.
final class SessionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    enum Phase {
        /// TCP, TLS or the handshake are not done.
        case dialing
        case open
        /// A close frame was sent; until the server ends the stream, or the timeout does.
        case closing
        case closed
    }

    let loop: any EventLoop
    let configuration: SocketIOConfiguration
    let inbox: AsyncStream<Delivery>.Continuation
    private var log: TrafficLog?
    private let auths: [(namespace: String, payload: SocketIOValue?)]

    var engine: EngineIOClientMachine
    var socket: SocketIOClientMachine
    private var assembler: MessageAssembler
    var phase = Phase.dialing {
        didSet { if oldValue == .open { self.isOver.set() } }
    }
    private let isOver: ConnectionFlag
    var context: ChannelHandlerContext?
    var timer: (due: NIODeadline, task: Scheduled<Void>)?
    var isFlushPending = false
    var isReadingPaused = false
    var undelivered = 0
    /// The reason that the last namespace went for.
    var lastNamespaceEnd = SocketIOEnd.leftAllNamespaces
    /// The first reason counts; told once the channel is closed.
    var end: SocketIOEnd?
    private var endedBy: Sender?
    var requests = EmitQueue()

    init(
        loop: any EventLoop, _ configuration: SocketIOConfiguration,
        auths: [(namespace: String, payload: SocketIOValue?)], inbox: AsyncStream<Delivery>.Continuation,
        isOver: ConnectionFlag
    ) {
        self.loop = loop
        self.configuration = configuration
        self.auths = auths
        self.inbox = inbox
        self.isOver = isOver
        self.engine = EngineIOClientMachine(openTimeoutNs: configuration.openTimeoutMs.saturatingNs)
        self.socket = SocketIOClientMachine(configuration.limits)
        self.assembler = MessageAssembler(limitBytes: configuration.readLimit)
    }

    func tell(_ event: @autoclosure () -> Traffic.Event) {
        if let log { log.tell(event()) }
    }

    var now: Timestamp {
        Timestamp(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    // MARK: The connection's life

    /// TCP is there, and the WebSocket is about to be asked for.
    func opening(_ address: SocketAddress?, _ url: SocketIOURL) {
        // Only now: of several addresses that are tried, one gets as far as here.
        self.log = TrafficLog(self.configuration.observer)
        self.tell(
            .opening(
                Traffic.Opening(
                    url: url.description, userAgent: self.configuration.userAgent, address: address?.ipAddress ?? "",
                    port: address?.port ?? 0)))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Given up while the handshake went on.
        guard case .dialing = self.phase else { return context.close(promise: nil) }
        self.phase = .open
        self.run(self.engine.handle(.transportOpened, at: self.now))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// The handshake failed, or TCP.
    func failBeforeOpen(_ end: SocketIOEnd, _ how: EndClass) {
        guard case .dialing = self.phase else { return }
        self.phase = .closed
        if !end.isClean { self.tell(.error(end.description)) }
        var refusal: HandshakeRefusal?
        if case .refused(let answer) = end { refusal = answer }
        self.tell(.ended(how: how, by: end.isClean ? .client : .server, refusal: refusal))
        self.deliver(.ended(end))
        self.failWaiting()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.connectionLost("the server ended the stream"), .fin, by: .server)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NIOWebSocketError:
            self.fail(WebSocketFault(error, readLimit: self.configuration.readLimit))
        // The stream is still read for its end; the decoder complains of every byte.
        case _ where self.phase == .closing: break
        case let error as IOError:
            self.finish(.connectionLost(error.reasonText), .rst, by: .server)
            context.close(promise: nil)
        default:
            self.finish(.connectionLost(String(describing: error)), .fin, by: .server)
            context.close(promise: nil)
        }
    }

    /// The channel is gone.
    func finish(_ end: SocketIOEnd, _ how: EndClass, by: Sender?) {
        guard self.phase != .closed else { return }
        self.phase = .closed
        self.timer?.task.cancel()
        self.timer = nil
        let end = self.end ?? end
        self.run(self.engine.handle(.transportClosed, at: self.now))
        self.run(self.socket.transportClosed())
        self.failWaiting()
        self.tell(.ended(how: how, by: self.endedBy ?? by, refusal: nil))
        self.deliver(.ended(end))
    }

    /// Says why and goodbye with a close frame, once, and waits for the server's part. Source: RFC 6455, section 7.1.1.
    func close(_ end: SocketIOEnd, code: UInt16, reason: String = "") {
        guard self.phase == .open else { return }
        self.end = end
        self.endedBy = .client
        self.phase = .closing
        self.pauseReading(false)
        if !end.isClean { self.tell(.error(end.description)) }
        self.run(self.engine.handle(.close, at: self.now))
        self.run(self.socket.transportClosed())
        self.failWaiting()
        self.writeClose(code: code, reason: reason)
        self.closeChannel(afterMs: self.configuration.closeTimeoutMs)
    }

    private func fail(_ fault: WebSocketFault) {
        guard self.phase == .open else { return }
        if case .notUTF8(let bytes) = fault {
            self.tell(
                .message(
                    Traffic.Message(
                        sender: .server, body: .brokenText(bytes),
                        wireBytes: frameWireBytes(payload: bytes.count, isMasked: false))))
        }
        if case .violation(let violation, _, let detail) = fault { self.tell(.violation(violation, detail: detail)) }
        self.close(fault.end, code: fault.closeCode, reason: CloseBody.reason(fault.words))
    }

    private func closeChannel(afterMs ms: Int64) {
        guard let context else { return }
        let channel = context.channel
        // Behind what is still to be written.
        self.flush()
        self.loop.scheduleTask(in: .milliseconds(max(0, ms))) { channel.close(promise: nil) }
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.phase != .closed else { return }
        let frame = self.unwrapInboundIn(data)
        do throws(WebSocketFault) {
            if let fault = WebSocketFault(headerOf: frame) { throw fault }
            try self.receive(frame, context)
        } catch {
            self.fail(error)
        }
    }

    private func receive(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) throws(WebSocketFault) {
        let data = frame.data
        let wireBytes = frameWireBytes(payload: data.readableBytes, isMasked: false)
        switch frame.opcode {
        case .ping:
            self.tellControl(.server, frame.opcode, data)
            if self.phase == .open { self.write(.pong, data) }
        case .pong:
            self.tellControl(.server, frame.opcode, data)
        case .connectionClose:
            try self.receiveClose(data, wireBytes)
        default:
            guard
                let whole = try self.assembler.receive(
                    frame.opcode, isLast: frame.fin, data, wireBytes: wireBytes)
            else { return }
            self.tell(
                .message(
                    Traffic.Message(
                        sender: .server, body: whole.body, wireBytes: whole.wireBytes,
                        isFragmented: whole.isFragmented)))
            switch whole.body {
            case .text(let text): self.run(self.engine.handle(.received(.text(text)), at: self.now))
            case .binary(let bytes): self.run(self.engine.handle(.received(.binary(bytes)), at: self.now))
            case .brokenText: break
            }
        }
    }

    private func receiveClose(_ data: ByteBuffer, _ wireBytes: Int) throws(WebSocketFault) {
        let body = CloseBody(data.readableBytesView)
        let (code, reason) = (body.code, body.reason)
        if body.isWhole {
            self.tell(.close(by: .server, code: code, reason: reason, wireBytes: wireBytes))
        } else {
            self.tellControl(.server, .connectionClose, data)
        }
        guard self.phase == .open else {
            // The answer to ours: both sides have said goodbye.
            return self.closeChannel(afterMs: 0)
        }
        guard data.readableBytes != 1 else { throw .broken("a close frame with a body of 1 byte") }
        self.end = .closedByServer(code: code, reason: reason)
        self.endedBy = .server
        self.phase = .closing
        self.run(self.engine.handle(.transportClosed, at: self.now))
        self.run(self.socket.transportClosed())
        self.failWaiting()
        self.writeClose(code: code, reason: "")
        // The server is to end the stream first; Node's waits for our answer only.
        self.closeChannel(afterMs: min(1_000, self.configuration.closeTimeoutMs))
    }

    func tellControl(_ sender: Sender, _ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        self.tell(
            .control(
                Traffic.Control(
                    sender: sender, opcode: UInt8(webSocketOpcode: opcode), data: Array(data.readableBytesView),
                    wireBytes: frameWireBytes(payload: data.readableBytes, isMasked: sender == .client))))
    }

    // MARK: What the machines say

    func run(_ actions: [EngineIOClientMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let content): self.write(content)
            case .opened(let handshake):
                self.deliver(.opened(handshake))
                for (namespace, payload) in self.auths { self.join(namespace, payload) }
                // Not of these, which nobody asks for who could be told: the server itself says no.
                self.socket.messageLimit = handshake.maxPayload
            case .deliver(let content):
                switch content {
                case .text(let text): self.run(self.socket.receive(.text(text), at: self.now))
                case .binary(let bytes): self.run(self.socket.receive(.binary(bytes), at: self.now))
                }
            case .ended(.closedByClient), .ended(.transportClosed): break
            // 1001: going away, as one that gives a dead peer up is not at fault itself.
            case .ended(.pingTimeout(let ms)):
                self.close(.engineIO(.pingTimeout(afterMs: ms)), code: 1001, reason: "ping timeout")
            case .ended(.closedByServer): self.close(.engineIO(.closedByServer), code: 1000)
            case .ended(let end):
                self.close(.engineIO(end), code: 1002, reason: CloseBody.reason(end.description))
            }
        }
        self.schedule()
    }

    func run(_ actions: [SocketIOClientMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let messages): self.send(messages)
            case .connected(let namespace, let sid): self.deliver(.connected(namespace: namespace, sid: sid))
            case .refused(let namespace, let payload):
                self.namespaceEnded(namespace, .namespaceRefused(namespace: namespace, payload: payload))
            case .acceptedWithoutSid(let namespace):
                self.namespaceEnded(namespace, .serverTooOld(namespace: namespace))
            case .unanswered(let namespace):
                self.namespaceEnded(namespace, .namespaceUnanswered(namespace: namespace))
            case .disconnected(let namespace, let payload):
                self.namespaceEnded(namespace, .disconnectedByServer(namespace: namespace, payload: payload))
            case .event(let event): self.deliver(.event(event))
            case .acknowledged(let token, let arguments):
                self.requests.takeAck(token)?.finish(.success(arguments))
            case .ackFailed(let token, let failure):
                self.requests.takeAck(token)?
                    .finish(.failure(failure == .timedOut ? .ackTimedOut : .disconnected))
            case .idle: self.close(self.lastNamespaceEnd, code: 1000)
            case .failed(let error):
                self.close(.socketIO(error), code: 1002, reason: CloseBody.reason(error.description))
            }
        }
        self.schedule()
    }

    private func namespaceEnded(_ namespace: String, _ end: SocketIOEnd) {
        self.lastNamespaceEnd = end
        self.deliver(.namespaceEnded(namespace: namespace, end))
    }

    private func join(_ namespace: String, _ payload: SocketIOValue?) {
        // Each is asked for once, on a machine that is new: there is nothing to refuse.
        if let actions = try? self.socket.connect(namespace, auth: payload, at: self.now) { self.run(actions) }
    }
}
