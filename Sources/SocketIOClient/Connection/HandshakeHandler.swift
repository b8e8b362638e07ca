import Glibc
import JSONText
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket
import TimelineModel

/// Asks for the WebSocket, and puts it in the place of HTTP once the server has agreed.
/// Source: RFC 6455, section 4.1.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case waiting
        case switching
        case refused(HandshakeRefusal, body: [UInt8])
        case over
    }

    private let url: SocketIOURL
    private let configuration: SocketIOConfiguration
    private let session: SessionHandler
    private let httpHandlers: [any RemovableChannelHandler]
    // Makes the key and knows the answer to it; the rest of its work is done here, for a refusal is to be kept.
    private let upgrader = NIOWebSocketClientUpgrader { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    private var state = State.idle
    private var timeout: Scheduled<Void>?

    init(
        _ url: SocketIOURL, _ configuration: SocketIOConfiguration, _ session: SessionHandler,
        replacing httpHandlers: [any RemovableChannelHandler]
    ) {
        self.url = url
        self.configuration = configuration
        self.session = session
        self.httpHandlers = httpHandlers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.ask(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.ask(context)
        context.fireChannelActive()
    }

    private func ask(_ context: ChannelHandlerContext) {
        guard case .idle = self.state else { return }
        self.state = .waiting
        self.session.opening(context.channel.localAddress, self.url)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.timeout = context.eventLoop.scheduleTask(
            in: .nanoseconds(self.configuration.connectTimeoutMs.saturatingNs)
        ) { bound.value.0.timedOut(bound.value.1) }
        var headers = HTTPHeaders([
            ("Host", self.url.authority), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
            ("User-Agent", self.configuration.userAgent),
        ])
        self.upgrader.addCustom(upgradeRequestHeaders: &headers)
        // The user's take the place of the handshake's own, and stand beside each other.
        for (name, _) in self.configuration.headers { headers.remove(name: name) }
        for (name, value) in self.configuration.headers { headers.add(name: name, value: value) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: self.url.target, headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.unwrapInboundIn(data), self.state) {
        case (.head(let head), .waiting):
            guard head.status == .switchingProtocols else {
                let refusal = HandshakeRefusal(
                    status: Int(head.status.code), location: head.headers.first(name: "Location"))
                self.state = .refused(refusal, body: [])
                return
            }
            guard self.upgrader.shouldAllowUpgrade(upgradeResponse: head),
                head.headers["Upgrade"].contains(where: { $0.lowercased() == "websocket" })
            else { return self.fail(.badHandshake("its 101 does not answer the request's key"), context) }
            guard !head.headers.contains(name: "Sec-WebSocket-Extensions") else {
                return self.fail(.badHandshake("it switches on an extension that was not offered"), context)
            }
            self.state = .switching
        case (.end, .switching): self.switchOver(context)
        case (.body(let part), .refused(let refusal, var body)):
            self.state = .over
            body += part.readableBytesView.prefix(HandshakeRefusal.bodyLimit - body.count)
            self.state = .refused(refusal, body: body)
        case (.end, .refused(let refusal, let body)): self.fail(.refused(refusal.with(body)), context)
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    /// HTTP leaves before the WebSocket comes: its decoder looks at everything that is written past it, and takes it for
    /// requests. What the server sent behind its 101 is held meanwhile.
    private func switchOver(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        let holder = BytesHolder()
        do {
            try pipeline.addHandler(holder, position: .before(self))
        } catch {
            return self.fail(.badHandshake(String(describing: error)), context)
        }
        let removed = self.httpHandlers.map { pipeline.removeHandler($0) }
        let bound = NIOLoopBound((self, context, holder), eventLoop: context.eventLoop)
        EventLoopFuture.andAllComplete(removed, on: context.eventLoop).whenComplete { _ in
            let (handler, context, holder) = bound.value
            handler.openWebSocket(context, holder)
        }
    }

    private func openWebSocket(_ context: ChannelHandlerContext, _ holder: BytesHolder) {
        guard case .switching = self.state else { return }
        self.state = .over
        self.timeout?.cancel()
        let pipeline = context.pipeline.syncOperations
        let decoder = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: self.configuration.frameLimit))
        do {
            try pipeline.addHandlers([WebSocketFrameEncoder(), decoder, self.session])
        } catch {
            self.session.failBeforeOpen(.badHandshake(String(describing: error)), .fin)
            return context.close(promise: nil)
        }
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(holder, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(.badHandshake("it closed the connection without an answer"), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(SocketIOEnd(handshakeError: error), context)
    }

    /// Nothing came in time.
    func timedOut(_ context: ChannelHandlerContext) {
        let ms = self.configuration.connectTimeoutMs
        guard context.channel.isActive else { return }
        self.fail(.unreachable("no answer to the WebSocket's handshake within \(ms) ms"), context)
    }

    private func fail(_ end: SocketIOEnd, _ context: ChannelHandlerContext) {
        var (end, how) = (end, EndClass.fin)
        switch self.state {
        case .over: return
        case .refused(let refusal, let body):
            // The server has said no, however its body ends: with the connection, with an error, or not in time.
            (end, how) = (.refused(refusal.with(body)), .httpError)
        case .idle, .waiting, .switching: break
        }
        self.state = .over
        self.timeout?.cancel()
        self.session.failBeforeOpen(end, how)
        context.close(promise: nil)
    }
}

/// Holds what comes until it is removed.
private final class BytesHolder: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var held: [NIOAny] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.held.append(data)
    }

    func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        for data in self.held { context.fireChannelRead(data) }
        self.held = []
        context.fireChannelReadComplete()
        context.leavePipeline(removalToken: removalToken)
    }
}

extension SocketIOConfiguration {
    /// The decoder knows frames alone, and limits of 32 bits.
    fileprivate var frameLimit: Int { max(1, min(self.readLimit, Int(UInt32.max))) }
}

extension HandshakeRefusal {
    /// With what the body says: Node's `{"code":..,"message":..}`, or python's text in quotes.
    func with(_ body: [UInt8]) -> HandshakeRefusal {
        var refusal = self
        refusal.body = String(decoding: body, as: UTF8.self)
        if let json = try? JSONValue(body.span) {
            refusal.code = json["code"]?.integer.flatMap(Int.init(exactly:))
            refusal.message = json["message"]?.string ?? json.string
        }
        return refusal
    }
}

extension SocketIOEnd {
    /// Of what stopped a connection before the WebSocket was open.
    init(handshakeError error: any Error) {
        switch error {
        case NIOSSLError.handshakeFailed(let reason):
            let text = Self.tlsWords(reason)
            let isCertificate = text.contains("CERTIFICATE_VERIFY_FAILED")
            self = .tlsFailed(
                isCertificate ? "nobody that this system trusts has signed it" : text, isCertificate: isCertificate)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .tlsFailed("it is for another host name", isCertificate: true)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self = .tlsFailed(Self.tlsWords(error), isCertificate: false)
        case is HTTPParserError: self = .badHandshake("it is no HTTP (\(error))")
        case let error as IOError: self = .connectionLost(error.reasonText)
        default: self = .unreachable(String(describing: error))
        }
    }
}

extension SocketIOEnd {
    /// BoringSSL's own name of what went wrong, `WRONG_VERSION_NUMBER`, without the place in its sources.
    private static func tlsWords(_ error: any Error) -> String {
        let text = String(describing: error)
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else { return text }
        let name = text[mark.upperBound...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" }
        let hint = name == "WRONG_VERSION_NUMBER" ? " (the server may not speak TLS on this port; try ws://)" : ""
        return name.isEmpty ? text : name + hint
    }
}

extension IOError {
    /// Without the name of the system call.
    var reasonText: String { String(cString: strerror(self.errnoCode)) }
}
