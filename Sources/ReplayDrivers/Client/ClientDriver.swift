public import NIOCore
import NIOPosix
import NIOSSL
public import Replay
import Synchronization
public import Taps
import TimelineModel

/// Why a client could not be driven; what the server does is the role's to judge.
public enum ClientDriverError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The TLS of this side cannot be set up.
    case tls(String)
    /// What `fetchAuth` asks could not be had.
    case auth(String)

    public var description: String {
        switch self {
        case .tls(let reason): "TLS cannot be set up: \(reason)"
        case .auth(let reason): reason
        }
    }
}

/// Gives connections their numbers, for drivers that share a witness.
public final class ConnectionNumbers: Sendable {
    private let next = Atomic<Int>(0)

    public init() {}

    func make() -> Int { self.next.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Lets a client's role speak to a live server: connects, moves bytes, keeps cookies and time. Knows HTTP and WebSocket,
/// and nothing of what is in them.
///
/// HTTP connections are kept alive, with one request at a time on each. All of it lives on one event loop; several
/// drivers may share one. What waits to be written is bounded by what the role sends.
public final class ClientDriver<Role: ClientRole>: @unchecked Sendable {
    public struct Settings: Sendable {
        /// Largest message or body of the server, in bytes.
        public var messageLimit = 64 << 20
        /// How long a connection may take to come about, TLS included.
        public var connectTimeout = TimeAmount.seconds(20)
        /// Answers `fetchAuth`: namespace and recorded payload to the payload, as JSON, that is sent; asked at every
        /// connect, of any thread.
        public var auth: @Sendable (String, String?) async throws -> String? = { _, recorded in recorded }

        public init() {}
    }

    private let loop: any EventLoop
    private let clock: SteadyClock
    private let target: ClientTarget
    private let tls: NIOSSLContext?
    private let settings: Settings
    private let witness: (any WireWitness)?
    private let numbers: ConnectionNumbers
    private let done: EventLoopPromise<Void>

    // All of this is used on the loop alone.
    private var role: Role
    private var cookies = CookieJar()
    private var connections: [ObjectIdentifier: ClientConnection] = [:]
    private var free: [ClientConnection] = []
    private var ofRequest: [Int: ClientConnection] = [:]
    private var ofWebSocket: [Int: ClientConnection] = [:]
    private var waiting: [ClientEvent] = []
    private var isBusy = false
    private var isFinished = false
    private var timer: (due: Timestamp, task: Scheduled<Void>)?
    private var hasConnected = false
    private var firstFailure: String?

    /// - Parameters:
    ///   - clock: whose times the role and the witness get.
    ///   - witness: sees all bytes until the role is finished.
    public init(
        _ role: Role, to target: ClientTarget, on loop: any EventLoop, clock: SteadyClock = SteadyClock(),
        witness: (any WireWitness)? = nil, numbers: ConnectionNumbers = ConnectionNumbers(),
        settings: Settings = Settings()
    ) throws(ClientDriverError) {
        self.role = role
        self.target = target
        self.loop = loop
        self.clock = clock
        self.witness = witness
        self.numbers = numbers
        self.settings = settings
        do {
            self.tls = try target.context()
        } catch {
            throw .tls(String(describing: error))
        }
        self.done = loop.makePromise()
    }

    deinit {
        // Nobody waits any more; a promise must be kept all the same. One that is kept is not touched: its loop may be
        // gone by now.
        if !self.isFinished { self.done.succeed() }
    }

    /// Kept once the role is finished, or `stop` was called; fails with `ClientDriverError.auth`.
    public var finished: EventLoopFuture<Void> { self.done.futureResult }

    /// Begins after this time. To be called once.
    public func begin(afterNs delay: Int64 = 0) {
        FileLimit.raise()
        self.loop.scheduleTask(in: .nanoseconds(delay)) { self.tell(.begin) }
    }

    /// Ends all connections, and gives the role as it is then. Not to be called on the loop.
    public func stop() -> Stopped {
        let stopped = try? self.loop.submit {
            self.finish()
            return Stopped(role: self.role, unreachable: self.hasConnected ? nil : self.firstFailure)
        }.wait()
        return stopped ?? Stopped(role: self.role, unreachable: nil)
    }

    /// What a driver leaves behind.
    public struct Stopped: Sendable {
        public let role: Role
        /// Why no connection came about at all; nil where one did, or none was tried.
        public let unreachable: String?
    }

    // MARK: On the loop

    /// Hands one event after the other to the role: what an action brings about comes behind what is under way.
    private func tell(_ event: ClientEvent) {
        guard !self.isFinished else { return }
        self.waiting.append(event)
        guard !self.isBusy else { return }
        self.isBusy = true
        var place = 0
        while place < self.waiting.count, !self.isFinished {
            let event = self.waiting[place]
            place += 1
            self.note(event)
            for action in self.role.handle(event, at: self.clock.now) { self.perform(action) }
        }
        self.waiting.removeAll(keepingCapacity: true)
        self.isBusy = false
        for connection in self.connections.values { connection.flush() }
        if self.role.isFinished { self.finish() } else { self.schedule() }
    }

    /// Numbers that are used up, and whether the server could be reached at all.
    private func note(_ event: ClientEvent) {
        switch event {
        case .response(_, let number): self.ofRequest[number] = nil
        case .requestFailed(let reason, let number):
            self.ofRequest[number] = nil
            self.firstFailure = self.firstFailure ?? reason
        case .webSocketRefused(_, let reason, let number):
            self.ofWebSocket[number] = nil
            self.firstFailure = self.firstFailure ?? reason
        case .closed(let number, _): self.ofWebSocket[number] = nil
        case .begin, .webSocketOpened, .message, .control, .auth, .timePassed: break
        }
    }

    private func perform(_ action: ClientAction) {
        switch action {
        case .request(let request, let number):
            if let connection = self.free.popLast() {
                self.ofRequest[number] = connection
                connection.askAgain(request, number)
            } else {
                self.connect(.request(request, as: number))
            }
        case .abort(let number): self.ofRequest.removeValue(forKey: number)?.abandon()
        case .openWebSocket(let target, let headers, let number):
            self.connect(.webSocket(target: target, headers: headers, as: number))
        case .send(let content, let number): self.ofWebSocket[number]?.send(content)
        case .sendControl(let control, let number): self.ofWebSocket[number]?.sendControl(control)
        case .sendFrames(let frames, let number): self.ofWebSocket[number]?.sendFrames(frames)
        case .ignoreClose(let number): self.ofWebSocket[number]?.ignoresClose = true
        case .end(let end, let number): self.ofWebSocket[number]?.end(end)
        case .fetchAuth(let namespace, let recorded, let number): self.fetchAuth(namespace, recorded, number)
        }
    }

    private func fetchAuth(_ namespace: String, _ recorded: String?, _ number: Int) {
        let source = self.settings.auth
        let promise = self.loop.makePromise(of: String?.self)
        promise.completeWithTask { try await source(namespace, recorded) }
        promise.futureResult.whenComplete { result in
            switch result {
            case .success(let payload): self.tell(.auth(payload, for: number))
            case .failure(let error): self.finish(.auth(String(describing: error)))
            }
        }
    }

    private func connect(_ job: ClientConnection.Job) {
        let connection = ClientConnection(self.numbers.make(), for: job, self.house)
        self.connections[ObjectIdentifier(connection)] = connection
        switch job {
        case .request(_, let number): self.ofRequest[number] = connection
        case .webSocket(_, _, let number): self.ofWebSocket[number] = connection
        }
        let bound = NIOLoopBound(connection, eventLoop: self.loop)
        ClientBootstrap(group: self.loop)
            .connectTimeout(self.settings.connectTimeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = self.tls { try pipeline.addHandler(Self.tlsHandler(tls, self.target)) }
                    try pipeline.addHandler(ConnectAttempt(bound.value) { self.hasConnected = true })
                }
            }
            .connect(host: self.target.host, port: self.target.port)
            .whenFailure { error in bound.value.failed(connectionText(of: error)) }
    }

    private static func tlsHandler(_ context: NIOSSLContext, _ target: ClientTarget) throws -> NIOSSLClientHandler {
        // A name, and no address, is what a server chooses its certificate by. Source: RFC 6066, section 3.
        let isAddress = (try? SocketAddress(ipAddress: target.host, port: target.port)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : target.host)
    }

    private var house: ClientConnection.House {
        ClientConnection.House(
            tell: { self.tell($0) },
            witness: { self.isFinished ? nil : self.witness },
            now: { [clock] in clock.now },
            head: { request, key in
                HTTPRequestHead(
                    request: request, authority: self.target.authority,
                    cookie: self.cookies.field(for: request.target), webSocketKey: key)
            },
            answered: { self.cookies.take(from: $0.headers) },
            free: { self.free.append($0) },
            left: { connection, again in
                self.connections[ObjectIdentifier(connection)] = nil
                self.free.removeAll { $0 === connection }
                if let again, !self.isFinished { self.connect(again) }
            },
            messageLimit: self.settings.messageLimit)
    }

    /// One timer for the role's deadline, moved only where that comes nearer: it looks anew when it fires.
    private func schedule() {
        guard !self.isFinished, let due = self.role.deadline else { return }
        if let timer, timer.due <= due { return }
        self.timer?.task.cancel()
        let wait = max(0, due.nanoseconds.subtractingReportingOverflow(self.clock.now.nanoseconds).partialValue)
        // A loop knows no wait longer than some years.
        self.timer = (due, self.loop.scheduleTask(in: .nanoseconds(min(wait, 1 << 55))) { self.timerFired() })
    }

    private func timerFired() {
        self.timer = nil
        guard !self.isFinished, let due = self.role.deadline else { return }
        if due <= self.clock.now { self.tell(.timePassed) } else { self.schedule() }
    }

    private func finish(_ error: ClientDriverError? = nil) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.timer?.task.cancel()
        self.timer = nil
        for connection in Array(self.connections.values) { connection.dismiss() }
        if let error { self.done.fail(error) } else { self.done.succeed() }
    }
}

/// One of the addresses that are tried: the first that answers is the connection.
private final class ConnectAttempt: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ClientConnection
    private let connected: () -> Void

    init(_ connection: ClientConnection, _ connected: @escaping () -> Void) {
        self.connection = connection
        self.connected = connected
    }

    func channelActive(context: ChannelHandlerContext) {
        guard self.connection.isConnecting else { return context.close(promise: nil) }
        self.connected()
        do {
            try context.pipeline.syncOperations.addHandler(self.connection, position: .after(self))
        } catch {
            context.close(promise: nil)
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
