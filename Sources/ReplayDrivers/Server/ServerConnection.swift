import EngineIO
import NIOCore
import NIOPosix
import Replay
import ReplayHTTP
import TimelineModel

/// One connection of a client: its bytes become requests and messages, answers and ends become bytes.
///
/// Lives on the event loop of its channel. Does nothing by itself but what HTTP and WebSocket ask of any server: it
/// answers pings and closes, refuses what is no HTTP, fails what is no WebSocket.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What connections tell, and to whom. On their event loop.
    struct House {
        var tell: (ServerEvent) -> Void
        /// So many bytes came; false where no more are taken.
        var received: (Int) -> Bool
        /// It is gone.
        var left: (Int) -> Void
        var witness: () -> (any WireWitness)?
        var now: () -> Timestamp
        var messageLimit: Int
        /// Of what the client does not read.
        var waitingLimit: Int
    }

    private enum Phase {
        /// Waits for a request.
        case http(HTTPRequestParser)
        /// A request was handed out, the next waits for its answer.
        case answering(HTTPRequestParser, HTTPRequestParser.Incoming)
        case webSocket(WebSocketReader, WebSocketWriter)
        /// The role has been told that it is over; what still comes is read and dropped.
        case over
    }

    /// What servers wait for the answer to their close frame; Node's `ws` does so long.
    private static let closePatience: TimeAmount = .seconds(30)
    /// For the client's own FIN, once it is over.
    private static let leavePatience: TimeAmount = .seconds(5)

    private let link: WitnessedLink
    private let house: House
    private var phase: Phase
    private var hasSentClose = false

    init(_ number: Int, _ house: House) {
        self.link = WitnessedLink(number, of: .server, witness: house.witness, now: house.now)
        self.house = house
        self.phase = .http(HTTPRequestParser(bodyLimit: house.messageLimit))
    }

    var number: Int { self.link.number }
    /// The role has been told so.
    var isOver: Bool { if case .over = self.phase { true } else { false } }

    // MARK: What happens

    func handlerAdded(context: ChannelHandlerContext) { self.link.added(context) }

    func handlerRemoved(context: ChannelHandlerContext) { self.link.removed() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        self.link.received(bytes)
        guard self.house.received(bytes.readableBytes) else { return }
        switch self.phase {
        case .http(let parser):
            parser.feed(bytes)
            self.readRequest()
        case .answering(let parser, _):
            parser.feed(bytes)
            // Who sends on and on before an answer is no client that could be served.
            if parser.waitingBytes > self.house.messageLimit { self.reset() }
        case .webSocket(let reader, _):
            reader.feed(bytes)
            self.readMessages()
        case .over: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { self.flush() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event, self.link.inputEnded() {
            // Nobody is served who has said that it is done: neither does Node's server.
            self.link.endOutput()
            self.finish(wasReset: false)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is IOError { self.link.broke() }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard let wasReset = self.link.gone() else { return }
        self.finish(wasReset: wasReset)
        self.house.left(self.number)
        context.fireChannelInactive()
    }

    /// Tells the role once that it is over.
    private func finish(wasReset: Bool) {
        if case .over = self.phase { return }
        self.phase = .over
        self.house.tell(.closed(on: self.number, wasReset: wasReset))
        guard !self.link.isGone, let context = self.link.context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.leavePatience) { bound.value.reset() }
    }

    // MARK: HTTP

    private func readRequest() {
        guard case .http(let parser) = self.phase else { return }
        do throws(HTTPRequestError) {
            let incoming = try parser.next()
            if parser.takeContinue() { self.write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")) }
            guard let incoming else { return }
            self.phase = .answering(parser, incoming)
            if let answer = HTTPResponseHead.preflight(incoming.request) ?? Self.refusal(of: incoming.request) {
                self.respond(answer)
            } else {
                self.house.tell(.request(incoming.request, on: self.number))
            }
        } catch {
            self.write(
                HTTPResponse(status: error.status, body: Array(error.reason.utf8)), keepsAlive: false, isForHead: false,
                origin: nil)
            self.link.endOutput()
            self.finish(wasReset: false)
        }
    }

    /// Of a WebSocket's handshake that cannot be accepted. Source: RFC 6455, section 4.2.1.
    private static func refusal(of request: HTTPRequest) -> HTTPResponse? {
        guard request.header("Upgrade")?.lowercased() == "websocket" else { return nil }
        guard request.method == "GET", WebSocketAccept.isKey(request.header("Sec-WebSocket-Key") ?? "") else {
            return HTTPResponse(status: 400, body: Array("no WebSocket handshake: Sec-WebSocket-Key is missing".utf8))
        }
        guard request.header("Sec-WebSocket-Version") == "13" else {
            return HTTPResponse(status: 426, headers: [HTTPField("Sec-WebSocket-Version", "13")])
        }
        return nil
    }

    func respond(_ response: HTTPResponse) {
        guard case .answering(let parser, let incoming) = self.phase else { return }
        self.write(
            response, keepsAlive: incoming.keepsAlive, isForHead: incoming.request.method == "HEAD",
            origin: incoming.request.header("Origin"))
        guard incoming.keepsAlive else {
            self.link.endOutput()
            return self.finish(wasReset: false)
        }
        self.phase = .http(parser)
        self.readRequest()
    }

    private func write(_ response: HTTPResponse, keepsAlive: Bool, isForHead: Bool, origin: String?) {
        let head = HTTPResponseHead(
            response: response, keepsAlive: keepsAlive, isForHead: isForHead, origin: origin,
            date: HTTPDate.text(self.house.now()))
        var bytes = ByteBuffer(string: head.text)
        if head.writesBody { bytes.writeBytes(response.body) }
        self.write(bytes)
    }

    // MARK: WebSocket

    func acceptWebSocket(deflate: Bool) {
        guard case .answering(let parser, let incoming) = self.phase else { return }
        let request = incoming.request
        guard request.header("Upgrade")?.lowercased() == "websocket" else {
            return self.respond(HTTPResponse(status: 400, body: Array("no WebSocket handshake".utf8)))
        }
        let offers = request.headers.filter { $0.isNamed("Sec-WebSocket-Extensions") }.map(\.value)
        let agreement = deflate ? DeflateAgreement(offers: offers) : nil
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Accept: \(WebSocketAccept.value(forKey: request.header("Sec-WebSocket-Key") ?? ""))\r\n"
        if let agreement { head += "Sec-WebSocket-Extensions: \(agreement.answer)\r\n" }
        // A browser that offers some takes no answer without one; the first is what servers choose.
        if let name = request.header("Sec-WebSocket-Protocol")?.split(separator: ",").first {
            head += HTTPResponseHead.line(HTTPField("Sec-WebSocket-Protocol", name.filter { $0 != " " }))
        }
        self.write(ByteBuffer(string: head + "\r\n"))
        let reader = WebSocketReader(expectsMask: true, limitBytes: self.house.messageLimit, deflate: agreement)
        reader.feed(parser.takeRest())
        self.phase = .webSocket(reader, WebSocketWriter(masks: false, deflate: agreement))
        self.readMessages()
    }

    private func readMessages() {
        while case .webSocket(let reader, let writer) = self.phase {
            do throws(WebSocketFault) {
                guard let item = try reader.next() else { return }
                switch item {
                case .message(let content): self.house.tell(.message(content, on: self.number))
                case .control(let control): self.take(control, writer)
                }
            } catch {
                self.house.tell(.broken(code: error.code, reason: error.reason, on: self.number))
                self.sendClose(code: error.code, reason: "")
                self.link.endOutput()
                self.finish(wasReset: false)
            }
        }
    }

    private func take(_ control: WebSocketControl, _ writer: WebSocketWriter) {
        self.house.tell(.control(control, on: self.number))
        switch control {
        case .ping(let bytes): if !self.hasSentClose { self.write(writer.control(.pong(bytes))) }
        case .pong: break
        case .close(let code, _):
            // The server ends TCP first. Source: RFC 6455, section 7.1.1.
            self.sendClose(code: code, reason: "")
            self.link.endOutput()
            self.finish(wasReset: false)
        }
    }

    private func sendClose(code: UInt16?, reason: String) {
        guard !self.hasSentClose else { return }
        self.sendControl(.close(code: code, reason: reason))
    }

    func send(_ content: EngineIOPacket.Content) {
        guard case .webSocket(_, let writer) = self.phase, !self.hasSentClose else { return }
        self.write(writer.message(content))
    }

    func sendFragmented(_ content: EngineIOPacket.Content, pieces: Int, pings: Bool) {
        guard case .webSocket(_, let writer) = self.phase, !self.hasSentClose else { return }
        self.write(writer.fragments(content, pieces: pieces, pings: pings))
    }

    func sendControl(_ control: WebSocketControl) {
        guard case .webSocket(_, let writer) = self.phase else { return }
        if case .close = control { self.hasSentClose = true }
        self.write(writer.control(control))
    }

    func sendRaw(_ bytes: [UInt8]) {
        if case .over = self.phase { return }
        self.write(ByteBuffer(bytes: bytes))
    }

    // MARK: Ends

    func end(_ end: ConnectionEnd) {
        if case .over = self.phase { return }
        switch end {
        case .webSocketClose(let code, let reason):
            guard case .webSocket = self.phase else { return self.end(.fin) }
            guard !self.hasSentClose, let context = self.link.context else { return }
            self.sendControl(.close(code: code, reason: reason))
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: Self.closePatience) { bound.value.end(.fin) }
        case .fin:
            self.link.endOutput()
            self.finish(wasReset: false)
        case .reset:
            self.reset()
        }
    }

    /// Says goodbye as any server that is shut down, without waiting for an answer.
    func dismiss() {
        if case .webSocket = self.phase { self.sendClose(code: 1001, reason: "") }
        self.flush()
        self.link.context?.close(promise: nil)
    }

    private func reset() { self.link.reset { self.finish(wasReset: false) } }

    private func write(_ bytes: ByteBuffer) {
        self.link.write(bytes)
        if self.link.waitingBytes > self.house.waitingLimit { self.reset() }
    }

    func flush() { self.link.flush() }
}
