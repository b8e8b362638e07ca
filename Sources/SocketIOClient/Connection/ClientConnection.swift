import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SocketIO
import Synchronization

/// Set once, and seen by all threads.
final class ConnectionFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    private let whenSet: @Sendable () -> Void

    init(_ whenSet: @escaping @Sendable () -> Void = {}) {
        self.whenSet = whenSet
    }

    var isSet: Bool { self.flag.load(ordering: .acquiring) }

    func set() {
        self.flag.store(true, ordering: .releasing)
        self.whenSet()
    }
}

/// A connection as other threads see it: everything is handed to its event loop.
final class ClientConnection: Sendable {
    private struct Dial {
        /// One for each address that is tried.
        var attempts: [(channel: any Channel, session: NIOLoopBound<SessionHandler>)] = []
        var session: NIOLoopBound<SessionHandler>?
        var isClosed = false
    }

    /// The one that this task is a handler of, or was started by one.
    @TaskLocal static var handled: ClientConnection?

    private let client: ObjectIdentifier
    private let dial = Mutex(Dial())
    private let isOver: ConnectionFlag
    private let isHandled = ConnectionFlag()
    private let inbox: AsyncStream<Delivery>.Continuation
    let deliveries: AsyncStream<Delivery>

    /// - Parameter whenOver: it takes nothing any more; may be called more than once.
    init(of client: ObjectIdentifier, whenOver: @escaping @Sendable () -> Void) {
        self.client = client
        self.isOver = ConnectionFlag(whenOver)
        // Bounded by the session, which stops reading.
        (self.deliveries, self.inbox) = AsyncStream.makeStream()
    }

    /// Connects; what comes of it is a delivery.
    func open(
        _ url: SocketIOURL, _ configuration: SocketIOConfiguration,
        auths: [(namespace: String, payload: SocketIOValue?)]
    ) async {
        do {
            let tls = url.isTLS ? try Self.tls(configuration) : nil
            let session = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.nanoseconds(configuration.connectTimeoutMs.saturatingNs))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.writeBufferWaterMark, value: configuration.waterMark)
                .connect(host: url.host, port: url.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try self.prepare(channel, url, configuration, tls, auths)
                    }
                }
            let isClosed = self.dial.withLock { dial in
                dial.session = session
                return dial.isClosed
            }
            if isClosed { self.close() }
        } catch {
            let isClosed = self.dial.withLock { $0.isClosed }
            let end: SocketIOEnd = isClosed ? .closedByClient : SocketIOEnd(dialError: error, url, configuration)
            configuration.observer.flatMap { TrafficLog($0) }?.tell(.error(end.description))
            self.inbox.yield(.ended(end))
        }
    }

    private static func tls(_ configuration: SocketIOConfiguration) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        if configuration.acceptsAnyCertificate { tls.certificateVerification = .none }
        return try NIOSSLContext(configuration: tls)
    }

    private func prepare(
        _ channel: any Channel, _ url: SocketIOURL, _ configuration: SocketIOConfiguration, _ tls: NIOSSLContext?,
        _ auths: [(namespace: String, payload: SocketIOValue?)]
    ) throws -> NIOLoopBound<SessionHandler> {
        let session = SessionHandler(
            loop: channel.eventLoop, configuration, auths: auths, inbox: self.inbox, isOver: self.isOver)
        let bound = NIOLoopBound(session, eventLoop: channel.eventLoop)
        let isClosed = self.dial.withLock { dial in
            dial.attempts.append((channel, bound))
            return dial.isClosed
        }
        guard !isClosed else { throw ChannelError.ioOnClosedChannel }
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // A name, and no address, is what a server chooses its certificate by. Source: RFC 6066, section 3.
            let isAddress = (try? SocketAddress(ipAddress: url.host, port: url.port)) != nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : url.host))
        }
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        try pipeline.addHandlers([
            encoder, decoder, HandshakeHandler(url, configuration, session, replacing: [encoder, decoder]),
        ])
        return bound
    }

    private func onLoop(_ body: @escaping @Sendable (SessionHandler) -> Void) {
        guard let session = self.dial.withLock({ $0.session }) else { return }
        session.eventLoop.execute { body(session.value) }
    }

    /// It takes events: neither side has begun to end it.
    var isOpen: Bool { !self.isOver.isSet && !self.dial.withLock { $0.isClosed } }

    /// It is over, and a handler of it that waited for another connection of the client would wait for ever: the client
    /// makes none before that handler has returned.
    func holdsUp(_ client: ObjectIdentifier) -> Bool {
        self.client == client && !self.isOpen && !self.isHandled.isSet
    }

    /// All of its handlers have returned.
    func handlersReturned() {
        self.isOver.set()
        self.isHandled.set()
    }

    /// A namespace was not joined.
    func fail(_ namespace: String, _ end: SocketIOEnd) {
        self.onLoop { if $0.phase == .open { $0.deliver(.namespaceEnded(namespace: namespace, end)) } }
    }

    /// A clean end; before there is a connection, its attempt is given up.
    func close() {
        let (attempts, isDialing) = self.dial.withLock { dial in
            dial.isClosed = true
            return (dial.attempts, dial.session == nil)
        }
        // What waits in a handler is not to hold the end up.
        self.isOver.set()
        guard isDialing else {
            return self.onLoop { session in
                if session.closeByUser() { for attempt in attempts { attempt.channel.close(promise: nil) } }
            }
        }
        for attempt in attempts {
            attempt.channel.eventLoop.execute {
                // It may be there by now, and would take its end for the server's.
                if attempt.channel.isActive { _ = attempt.session.value.closeByUser() }
                attempt.channel.close(promise: nil)
            }
        }
    }

    /// So many deliveries are done with.
    func delivered(_ count: Int) {
        self.onLoop { $0.delivered(count) }
    }

    func perform(_ request: EmitRequest) async -> EmitRequest.Result {
        await withTaskCancellationHandler {
            await request.result {
                let isOpen = self.dial.withLock { $0.session != nil }
                if isOpen {
                    self.onLoop { $0.submit(request) }
                } else {
                    request.finish(.notConnected(request.namespace))
                }
            }
        } onCancel: {
            request.finish(.failure(.cancelled))
            self.onLoop { $0.cancel(request) }
        }
    }
}

extension SocketIOConfiguration {
    fileprivate var waterMark: ChannelOptions.Types.WriteBufferWaterMark {
        let high = max(2, self.writeHighWatermark)
        return ChannelOptions.Types.WriteBufferWaterMark(low: high / 2, high: high)
    }
}

extension SocketIOEnd {
    /// Of what kept a TCP connection from coming about.
    fileprivate init(dialError error: any Error, _ url: SocketIOURL, _ configuration: SocketIOConfiguration) {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                self = .unreachable(Self.words(for: first.error, configuration))
            } else {
                self = .unreachable("the name \(url.host) cannot be resolved")
            }
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = SocketIOEnd(handshakeError: error)
        default: self = .unreachable(Self.words(for: error, configuration))
        }
    }

    private static func words(for error: any Error, _ configuration: SocketIOConfiguration) -> String {
        switch error {
        case let error as IOError: error.reasonText
        case ChannelError.connectTimeout: "no answer within \(configuration.connectTimeoutMs) ms"
        default: String(describing: error)
        }
    }
}
