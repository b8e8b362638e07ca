import EngineIO
import NIOCore
import NIOPosix
import Replay
import ReplayHTTP
import TimelineModel

/// One connection to the server: requests and messages become bytes, its bytes become answers and messages.
///
/// Lives on the event loop of its channel. Does by itself only what HTTP and WebSocket ask of any client: it answers
/// pings and closes, and fails what is no WebSocket.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What a connection is made for.
    enum Job: Hashable {
        case request(HTTPRequest, as: Int)
        case webSocket(target: String, headers: [HTTPField], as: Int)
    }

    /// What connections tell, and whom they ask. On their event loop.
    struct House {
        var tell: (ClientEvent) -> Void
        var witness: () -> (any WireWitness)?
        var now: () -> Timestamp
        /// Adds what is the client's and not of one connection: host, cookies.
        var head: (HTTPRequest, _ webSocketKey: String?) -> HTTPRequestHead
        /// An answer came, with what it says of cookies.
        var answered: (HTTPResponse) -> Void
        /// It can take another request.
        var free: (ClientConnection) -> Void
        /// It is gone or of no use any more; the job where it is to be done again on a new connection.
        var left: (ClientConnection, Job?) -> Void
        var messageLimit: Int
    }

    private enum Phase {
        case connecting(Job)
        case idle
        case asking(HTTPResponseParser, HTTPRequest, Int)
        case dialing(HTTPResponseParser, key: String, Int)
        case webSocket(WebSocketReader, WebSocketWriter, Int)
        /// Its user has been told that it is over; what still comes is read and dropped.
        case over
    }

    /// For the server's answer to a close frame, and its FIN behind that.
    private static let closePatience: TimeAmount = .seconds(30)
    /// For the server's own FIN, once it is over.
    private static let leavePatience: TimeAmount = .seconds(5)

    private let link: WitnessedLink
    private let house: House
    private var phase: Phase
    private var isReused = false
    private var hasSentClose = false
    /// The server's close frame is left without an answer.
    var ignoresClose = false
    private var failure: String?

    /// As the witness knows it.
    var number: Int { self.link.number }
    /// No channel is its own yet.
    var isConnecting: Bool { if case .connecting = self.phase, self.link.context == nil { true } else { false } }

    init(_ number: Int, for job: Job, _ house: House) {
        self.link = WitnessedLink(number, of: .client, witness: house.witness, now: house.now)
        self.house = house
        self.phase = .connecting(job)
    }

    // MARK: What happens

    /// The connection stands; what is written while TLS shakes hands waits for it.
    private func begin(_ context: ChannelHandlerContext) {
        guard case .connecting(let job) = self.phase else { return context.close(promise: nil) }
        self.link.added(context)
        switch job {
        case .request(let request, let number): self.ask(request, number)
        case .webSocket(let target, let headers, let number):
            let key = HTTPRequestHead.makeKey()
            let request = HTTPRequest(method: "GET", target: target, headers: headers)
            self.phase = .dialing(HTTPResponseParser(bodyLimit: self.house.messageLimit), key: key, number)
            self.link.write(self.house.head(request, key).bytes)
        }
        self.link.flush()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.begin(context) }

    func handlerRemoved(context: ChannelHandlerContext) { self.link.removed() }

    /// No connection came about.
    func failed(_ reason: String) {
        guard case .connecting = self.phase else { return }
        self.failure = reason
        self.finish(wasReset: false)
        self.house.left(self, nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        self.link.received(bytes)
        switch self.phase {
        case .asking(var parser, let request, let number):
            parser.feed(bytes)
            self.phase = .asking(parser, request, number)
            self.readResponse()
        case .dialing(var parser, let key, let number):
            parser.feed(bytes)
            self.phase = .dialing(parser, key: key, number)
            self.readHandshake()
        case .webSocket(let reader, _, _):
            reader.feed(bytes)
            self.readMessages()
        case .idle:
            // Nothing was asked: what this is can only be guessed (408, most often), and the connection is not usable.
            self.leave()
        case .connecting, .over: break
        }
        self.link.flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event, self.link.inputEnded() {
            self.link.endOutput()
            self.finish(wasReset: false)
            self.link.flush()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.link.broke()
        if self.failure == nil { self.failure = connectionText(of: error) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard let wasReset = self.link.gone() else { return }
        self.finish(wasReset: wasReset)
        self.house.left(self, nil)
        context.fireChannelInactive()
    }

    /// Tells its user once that it is over.
    private func finish(wasReset: Bool) {
        let phase = self.phase
        if case .over = phase { return }
        self.phase = .over
        var again: Job?
        let how = self.failure ?? (wasReset ? "reset by the server" : "closed by the server without an answer")
        switch phase {
        case .idle, .over: break
        case .connecting(.request(_, let number)):
            self.house.tell(.requestFailed(reason: how, to: number))
        case .connecting(.webSocket(_, _, let number)): self.house.tell(.webSocketRefused(nil, reason: how, number))
        case .asking(var parser, let request, let number):
            if let whole = parser.end(), !wasReset {
                self.house.answered(whole.response)
                self.house.tell(.response(whole.response, to: number))
            } else if self.isReused, !parser.hasBegun {
                // A server may close what is idle at any time: the request met its FIN half-way. Browsers ask again.
                again = .request(request, as: number)
            } else {
                self.house.tell(.requestFailed(reason: how, to: number))
            }
        case .dialing(_, _, let number): self.house.tell(.webSocketRefused(nil, reason: how, number))
        case .webSocket(_, _, let number): self.house.tell(.closed(on: number, wasReset: wasReset))
        }
        self.house.left(self, again)
        guard !self.link.isGone, let context = self.link.context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.leavePatience) { bound.value.link.context?.close(promise: nil) }
    }

    // MARK: HTTP

    /// Only while it is free.
    func askAgain(_ request: HTTPRequest, _ number: Int) {
        self.isReused = true
        self.ask(request, number)
    }

    private func ask(_ request: HTTPRequest, _ number: Int) {
        self.phase = .asking(HTTPResponseParser(bodyLimit: self.house.messageLimit), request, number)
        self.link.write(self.house.head(request, nil).bytes)
    }

    private func readResponse() {
        guard case .asking(var parser, let request, let number) = self.phase else { return }
        do throws(HTTPResponseError) {
            let incoming = try parser.next()
            self.phase = .asking(parser, request, number)
            guard let incoming else { return }
            guard incoming.response.status != 101 else {
                throw HTTPResponseError(reason: "it switches protocols without being asked to")
            }
            self.house.answered(incoming.response)
            if incoming.keepsAlive {
                self.phase = .idle
                self.house.free(self)
            } else {
                self.phase = .over
                self.leave()
            }
            self.house.tell(.response(incoming.response, to: number))
        } catch {
            self.fail(error.reason)
        }
    }

    /// What cannot be read ends the connection.
    private func fail(_ reason: String) {
        self.failure = reason
        self.link.endOutput()
        self.finish(wasReset: false)
    }

    // MARK: WebSocket

    private func readHandshake() {
        guard case .dialing(var parser, let key, let number) = self.phase else { return }
        do throws(HTTPResponseError) {
            let incoming = try parser.next()
            self.phase = .dialing(parser, key: key, number)
            guard let response = incoming?.response else { return }
            self.house.answered(response)
            guard response.status == 101 else {
                self.phase = .over
                self.house.tell(.webSocketRefused(response, reason: "status \(response.status)", number))
                return self.leave()
            }
            // Source: RFC 6455, section 4.1, the client's checks.
            guard response.header("Upgrade")?.lowercased() == "websocket",
                response.header("Sec-WebSocket-Accept") == WebSocketAccept.value(forKey: key)
            else { throw HTTPResponseError(reason: "its 101 does not answer the request's key") }
            guard response.header("Sec-WebSocket-Extensions") == nil else {
                throw HTTPResponseError(reason: "it switches on an extension that was not offered")
            }
            let reader = WebSocketReader(expectsMask: false, limitBytes: self.house.messageLimit, deflate: nil)
            reader.feed(parser.takeRest())
            self.phase = .webSocket(reader, WebSocketWriter(masks: true, deflate: nil), number)
            self.house.tell(.webSocketOpened(number))
            self.readMessages()
        } catch {
            self.fail(error.reason)
        }
    }

    private func readMessages() {
        while case .webSocket(let reader, _, let number) = self.phase {
            do throws(WebSocketFault) {
                guard let item = try reader.next() else { return }
                switch item {
                case .message(let content): self.house.tell(.message(content, on: number))
                case .control(let control): self.take(control, number)
                }
            } catch {
                self.failure = error.reason
                self.close(code: error.code, reason: "")
                self.link.endOutput()
                self.finish(wasReset: false)
            }
        }
    }

    private func take(_ control: WebSocketControl, _ number: Int) {
        self.house.tell(.control(control, on: number))
        switch control {
        case .ping(let bytes): if !self.hasSentClose { self.sendControl(.pong(bytes)) }
        case .pong: break
        // The server ends TCP; without it we do, after a while. Source: RFC 6455, section 7.1.1.
        case .close(let code, _): if !self.ignoresClose { self.close(code: code, reason: "") }
        }
    }

    func send(_ content: EngineIOPacket.Content) {
        guard case .webSocket(_, let writer, _) = self.phase, !self.hasSentClose else { return }
        self.link.write(writer.message(content))
    }

    func sendControl(_ control: WebSocketControl) {
        guard case .webSocket(_, let writer, _) = self.phase, !self.hasSentClose else { return }
        if case .close = control { self.hasSentClose = true }
        self.link.write(writer.control(control))
    }

    func sendFrames(_ frames: [RawFrame]) {
        guard case .webSocket = self.phase, !self.hasSentClose else { return }
        self.link.write(ByteBuffer(bytes: frames.flatMap { $0.bytes(key: .random(in: .min ... .max)) }))
        guard frames.contains(where: { $0.opcode == RawFrame.close }) else { return }
        self.hasSentClose = true
        self.awaitClose()
    }

    private func close(code: UInt16?, reason: String) {
        guard !self.hasSentClose else { return }
        self.sendControl(.close(code: code, reason: reason))
        self.awaitClose()
    }

    private func awaitClose() {
        guard let context = self.link.context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.closePatience) { bound.value.end(.fin) }
    }

    // MARK: Ends

    /// Of a WebSocket, open or not yet.
    func end(_ end: ConnectionEnd) {
        if case .over = self.phase { return }
        switch end {
        case .webSocketClose(let code, let reason):
            guard case .webSocket = self.phase else { return self.end(.fin) }
            self.close(code: code, reason: reason)
        case .fin:
            self.tellEnded()
            self.link.endOutput()
            self.finish(wasReset: false)
        case .reset:
            self.tellEnded()
            self.link.reset { self.finish(wasReset: false) }
        }
        self.link.flush()
    }

    /// An end of our own is no refusal.
    private func tellEnded() {
        switch self.phase {
        case .connecting(.webSocket(_, _, let number)), .dialing(_, _, let number):
            self.phase = .over
            self.house.tell(.closed(on: number, wasReset: false))
            if !(self.link.context?.channel.isActive ?? false) { self.house.left(self, nil) }
        case .connecting, .idle, .asking, .webSocket, .over: break
        }
    }

    /// Gives up whatever it waits for, and says nothing of it.
    func abandon() {
        self.phase = .over
        self.leave()
        self.link.flush()
    }

    /// Says goodbye as any client that goes, without waiting for an answer.
    func dismiss() {
        if case .webSocket = self.phase, !self.hasSentClose { self.sendControl(.close(code: 1001, reason: "")) }
        self.link.flush()
        self.link.endOutput()
        self.link.context?.close(promise: nil)
    }

    private func leave() {
        self.phase = .over
        self.link.endOutput()
        self.house.left(self, nil)
        guard let context = self.link.context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.leavePatience) { bound.value.link.context?.close(promise: nil) }
    }
    /// All that is written in one turn goes out in one system call.
    func flush() { self.link.flush() }
}
