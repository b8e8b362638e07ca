public import NIOCore
import NIOPosix
public import Replay
public import Taps
import TimelineModel

/// Lets a server's role speak to live clients: listens, moves bytes, keeps time. Knows HTTP and WebSocket, and nothing
/// of what is in them.
///
/// CORS is its own: preflights are answered, and origins echoed where the role's answer says nothing of them. All of it
/// lives on one event loop; several drivers may share one.
public final class ServerDriver<Role: ServerRole>: @unchecked Sendable {
    public struct Settings: Sendable {
        /// Largest message or body of a client, in bytes.
        public var messageLimit = 64 << 20
        /// Bytes that may wait for a client that does not read; with more it is reset.
        public var waitingLimit = 256 << 20
        /// Messages, requests and connections that are taken before the client counts as one that floods.
        public var eventLimit = Int.max
        /// Its bytes as they come, whole messages or not: no more than these are ever held for it.
        public var byteLimit = 4 << 30
        /// Its connections at once.
        public var connectionLimit = Int.max
        /// The role hears `timePassed` with the first connection, so that its time runs for a client that says nothing.
        public var beginsWithConnection = false

        public init() {}
    }

    private let loop: any EventLoop
    private let clock: SteadyClock
    private let settings: Settings
    private let done: EventLoopPromise<Void>
    private let met: EventLoopPromise<Void>
    private let witness: (any WireWitness)?

    // All of this is used on the loop alone.
    private var role: Role
    private var listener: (any Channel)?
    private var connections: [Int: ServerConnection] = [:]
    private var nextNumber = 0
    private var waiting: [ServerEvent] = []
    private var isBusy = false
    private var isFinished = false
    private var timer: (due: Timestamp, task: Scheduled<Void>)?
    private var isClientGone = false
    private var taken = 0
    private var takenBytes = 0
    private var flood: ServerFlood?
    private var connectionLimit = Int.max
    /// What is open beside connections: accepting another one where there is no room would be tried without end.
    private static var otherFiles: Int { 64 }
    private static var fewestConnections: Int { 16 }

    /// - Parameters:
    ///   - clock: whose times the role and the witness get.
    ///   - witness: sees all bytes until the role is finished.
    public init(
        _ role: Role, on loop: any EventLoop, clock: SteadyClock = SteadyClock(), witness: (any WireWitness)? = nil,
        settings: Settings = Settings()
    ) {
        self.role = role
        self.loop = loop
        self.clock = clock
        self.witness = witness
        self.settings = settings
        self.done = loop.makePromise()
        self.met = loop.makePromise()
    }

    deinit {
        // Nobody waits any more; a promise must be kept all the same. One that is kept is not touched: its loop may be
        // gone by now.
        guard !self.isFinished else { return }
        self.done.succeed()
        self.met.fail(CancellationError())
    }

    /// Kept once the role is finished, the client floods, or `stop` was called.
    public var finished: EventLoopFuture<Void> { self.done.futureResult }

    /// Kept with the first connection; fails where none came before the end.
    public var connected: EventLoopFuture<Void> { self.met.futureResult }

    /// Begins to serve, and gives the address with the port that the system chose where it was 0. Not to be called on
    /// the loop.
    public func listen(on address: HostPort) throws -> HostPort {
        FileLimit.raise()
        do {
            let listener = try ServerBootstrap(group: self.loop)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try self.admit(channel) }
                }
                .bind(host: address.host, port: address.port).wait()
            try self.loop.submit {
                self.listener = listener
                self.connectionLimit = min(
                    self.settings.connectionLimit, max(Self.fewestConnections, FileLimit.current - Self.otherFiles))
                self.schedule()
            }.wait()
            return HostPort(host: address.host, port: listener.localAddress?.port ?? address.port)
        } catch {
            throw TapError(listeningOn: address, error)
        }
    }

    /// The client's process has ended: the role is told so once its connections are over. Of any thread.
    public func clientGone() {
        self.loop.execute { self.tellGone(patience: 20) }
    }

    /// A driven role at its end.
    public struct Stopped: Sendable {
        public var role: Role
        /// Of a client that floods; nil for any other.
        public var flood: ServerFlood?
        /// Since the beginning, and those of them that were not over when it was stopped.
        public var connections: Int
        public var openConnections: Int
    }

    /// Ends all connections, and gives the role as it is then. Not to be called on the loop.
    public func stop() -> Stopped {
        let stopped = try? self.loop.submit {
            defer { self.close() }
            return self.state
        }.wait()
        // Where the loop is gone, nobody else uses the role any more.
        return stopped ?? self.state
    }

    private var state: Stopped {
        Stopped(
            role: self.role, flood: self.flood, connections: self.nextNumber,
            openConnections: self.connections.values.count { !$0.isOver })
    }

    // MARK: On the loop

    private func admit(_ channel: any Channel) throws {
        guard !self.isFinished else { return channel.close(promise: nil) }
        let number = self.nextNumber
        self.nextNumber += 1
        self.met.succeed()
        self.count(events: 1)
        guard !self.isFinished else { return channel.close(promise: nil) }
        // The driver and its connections hold each other until these are gone.
        let connection = ServerConnection(
            number,
            ServerConnection.House(
                tell: { self.tell($0) },
                received: { bytes in
                    self.count(bytes: bytes)
                    return self.flood == nil
                },
                left: { self.connections[$0] = nil },
                witness: { self.isFinished ? nil : self.witness },
                now: { [clock] in clock.now }, messageLimit: self.settings.messageLimit,
                waitingLimit: self.settings.waitingLimit))
        self.connections[number] = connection
        try channel.pipeline.syncOperations.addHandler(connection)
        if number == 0, self.settings.beginsWithConnection { self.tell(.timePassed) }
    }

    private func count(events: Int = 0, bytes: Int = 0) {
        guard !self.isFinished else { return }
        self.taken += events
        // A sum of bytes that were received cannot overflow.
        self.takenBytes += bytes
        if self.connections.count >= self.connectionLimit {
            self.flood = .connections(self.connections.count + 1)
        } else if self.taken > self.settings.eventLimit {
            self.flood = .events(self.taken)
        } else if self.takenBytes > self.settings.byteLimit {
            self.flood = .bytes(self.takenBytes)
        } else {
            return
        }
        self.finish()
    }

    /// Hands one event after the other to the role: what an action brings about comes behind what is under way.
    private func tell(_ event: ServerEvent) {
        guard !self.isFinished else { return }
        if event.isClients { self.count(events: 1) }
        guard !self.isFinished else { return }
        self.waiting.append(event)
        guard !self.isBusy else { return }
        self.isBusy = true
        var touched: Set<Int> = []
        var place = 0
        while place < self.waiting.count {
            let event = self.waiting[place]
            place += 1
            if let number = event.connection { touched.insert(number) }
            for action in self.role.handle(event, at: self.clock.now) {
                touched.insert(action.connection)
                self.perform(action)
            }
        }
        self.waiting.removeAll(keepingCapacity: true)
        self.isBusy = false
        for number in touched { self.connections[number]?.flush() }
        if self.role.isFinished { self.finish() } else { self.schedule() }
    }

    private func perform(_ action: ServerAction) {
        guard let connection = self.connections[action.connection] else { return }
        switch action {
        case .respond(let response, _): connection.respond(response)
        case .acceptWebSocket(_, let deflate): connection.acceptWebSocket(deflate: deflate)
        case .send(let content, _): connection.send(content)
        case .sendFragmented(let content, let pieces, let pings, _):
            connection.sendFragmented(content, pieces: pieces, pings: pings)
        case .sendControl(let control, _): connection.sendControl(control)
        case .sendRaw(let bytes, _): connection.sendRaw(bytes)
        case .end(let end, _): connection.end(end)
        }
    }

    /// One timer for the role's deadline, moved only where that comes nearer: it looks anew when it fires.
    private func schedule() {
        guard !self.isFinished, let due = self.role.deadline else { return }
        if let timer, timer.due <= due { return }
        self.timer?.task.cancel()
        let wait = max(0, due.nanoseconds.subtractingReportingOverflow(self.clock.now.nanoseconds).partialValue)
        // A loop knows no wait longer than some years.
        let delay = TimeAmount.nanoseconds(min(wait, 1 << 55))
        self.timer = (due, self.loop.scheduleTask(in: delay) { self.timerFired() })
    }

    private func timerFired() {
        self.timer = nil
        guard !self.isFinished, let due = self.role.deadline else { return }
        if due <= self.clock.now { self.tell(.timePassed) } else { self.schedule() }
    }

    private func tellGone(patience: Int) {
        guard !self.isFinished, !self.isClientGone else { return }
        // What it sent last may still be on its way from the kernel; what it started may hold connections open.
        guard patience > 0, !(self.connections.isEmpty && patience < 20) else {
            self.isClientGone = true
            return self.tell(.clientGone)
        }
        self.loop.scheduleTask(in: .milliseconds(25)) { self.tellGone(patience: patience - 1) }
    }

    private func finish() {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.timer?.task.cancel()
        self.timer = nil
        self.done.succeed()
        self.met.fail(CancellationError())
    }

    private func close() {
        self.finish()
        self.listener?.close(promise: nil)
        self.listener = nil
        for connection in Array(self.connections.values) { connection.dismiss() }
    }
}

extension ServerEvent {
    fileprivate var connection: Int? {
        switch self {
        case .request(_, let number), .message(_, let number), .control(_, let number), .broken(_, _, let number),
            .closed(let number, _):
            number
        case .timePassed, .clientGone: nil
        }
    }

    /// A client sent it.
    fileprivate var isClients: Bool {
        switch self {
        case .request, .message, .control: true
        case .broken, .closed, .timePassed, .clientGone: false
        }
    }
}

extension ServerAction {
    fileprivate var connection: Int {
        switch self {
        case .respond(_, let number), .acceptWebSocket(let number, _), .send(_, let number),
            .sendFragmented(_, _, _, let number), .sendControl(_, let number), .sendRaw(_, let number),
            .end(_, let number):
            number
        }
    }
}
