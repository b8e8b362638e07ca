import Glibc
import NIOCore
import NIOPosix
import Recording
import TimelineModel

/// Takes the lines that hooks of clients write, from many clients at once, over a unix socket or TCP.
///
/// Bounds: 1,000 clients at once, or those that descriptors are left for; of each 64 KiB that wait for the decoder; lines
/// and connections as `HookDecoder` says. A client that floods is read as fast as the decoder gets to it, in turn with
/// all others.
///
/// `stop` takes what clients had sent by then, of those too whose connection was not accepted yet, and waits a second
/// for it at most.
public final class HookTap: LiveTap, @unchecked Sendable {
    private static let backlog: CInt = 256
    /// With what each may have in the queue this fits into the queue's bound.
    static let clients = 1_000
    /// So long `stop` reads what was sent before it.
    static let drainTime = TimeAmount.seconds(1)

    public let captures: [CaptureFacts]
    private let settings: HookSettings
    private let drainTime: TimeAmount
    private let clock = SteadyClock()
    // Set by `start`, taken by `stop`.
    private var running: (group: MultiThreadedEventLoopGroup, listener: any Channel, clients: HookClients)?
    private var recorder: HookRecorder?
    private var file: HookSocketFile?

    public convenience init(_ settings: HookSettings) throws(TapError) {
        try self.init(settings, drainTime: Self.drainTime)
    }

    init(_ settings: HookSettings, drainTime: TimeAmount) throws(TapError) {
        try settings.check()
        self.settings = settings
        self.drainTime = drainTime
        self.captures = [CaptureFacts(kind: .hook, source: settings.listen.description, tap: .client)]
    }

    /// Where it listens; nil before `start`.
    public private(set) var address: HookAddress?

    public func start(
        _ recording: LiveRecording, ended: @escaping @Sendable ((any Error)?) -> Void
    ) throws -> String {
        FileLimit.raise()
        let recorder = HookRecorder(self.captures[0], recording, self.clock)
        let clients = HookClients(
            HookGreeting(token: self.settings.token), recorder, self.clock,
            room: min(Self.clients, max(1, FileLimit.current - FileLimit.others)))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener: any Channel
        do {
            listener = try self.listen(group, clients)
        } catch {
            try? group.syncShutdownGracefully()
            recorder.stop()
            throw error
        }
        self.recorder = recorder
        self.running = (group, listener, clients)
        var address = self.settings.listen
        if case .tcp(let asked) = address {
            address = .tcp(HostPort(host: asked.host, port: listener.localAddress?.port ?? asked.port))
        }
        self.address = address
        listener.closeFuture.whenFailure { ended($0) }
        return "listening for hooks on \(address)" + (self.settings.token == nil ? "" : ", with a token")
    }

    public func stop() {
        guard let running else { return }
        self.running = nil
        let loop = running.group.next()
        let deadline = NIODeadline.now() + self.drainTime
        try? loop.flatSubmit {
            running.clients.acceptRest(of: running.listener, on: loop, until: deadline).flatMap {
                running.listener.close()
            }
        }.wait()
        try? loop.flatSubmit { running.clients.drain(on: loop, until: deadline) }.wait()
        // The decoder tells the clients what it took: their loop goes last.
        self.recorder?.stop()
        self.recorder = nil
        try? running.group.syncShutdownGracefully()
        self.file?.remove()
    }

    private func listen(_ group: MultiThreadedEventLoopGroup, _ clients: HookClients) throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: HookClientHandler.readBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try clients.admit(channel) }
            }
        do {
            switch self.settings.listen {
            case .tcp(let address):
                return try bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: address.host, port: address.port).wait()
            case .unix(let path):
                var file = try HookSocketFile(path)
                // Nobody else may connect before the file has its mode.
                let mask = umask(0o177)
                defer { umask(mask) }
                let listener = try bootstrap.bind(unixDomainSocketPath: path).wait()
                try file.claim()
                self.file = file
                return listener
            }
        } catch let error as TapError {
            throw error
        } catch is SocketAddressError.UnknownHost {
            throw TapError(unknownHostOf: self.settings.listen)
        } catch let error as IOError {
            throw TapError("cannot listen on \(self.settings.listen): \(Self.reason(error.errnoCode))")
        } catch {
            throw TapError("cannot listen on \(self.settings.listen): \(UpstreamFailure.text(of: error))")
        }
    }

    private static func reason(_ code: CInt) -> String {
        switch code {
        case EADDRINUSE: "it is in use; stop what listens there or give another address with --listen"
        case EACCES: "no permission; give a port above 1023, or a folder that you may write to"
        case EADDRNOTAVAIL: "it is no address of this machine; give one of its own with --listen"
        case ENOENT: "there is no such folder; make it, or give another path with --listen"
        default: String(cString: strerror(code))
        }
    }
}

/// The clients that are connected, known by numbers from 1. On the listener's event loop alone.
final class HookClients: @unchecked Sendable {
    private let greeting: HookGreeting
    private let recorder: HookRecorder
    private let clock: SteadyClock
    private let room: Int
    private var clients: [Int: (channel: any Channel, handler: HookClientHandler)] = [:]
    private var last = 0

    /// - Parameter room: for so many clients.
    init(_ greeting: HookGreeting, _ recorder: HookRecorder, _ clock: SteadyClock, room: Int) {
        self.room = room
        self.greeting = greeting
        self.recorder = recorder
        self.clock = clock
    }

    func admit(_ channel: any Channel) throws {
        self.last += 1
        let number = self.last
        guard self.clients.count < self.room else {
            _ = self.recorder.tell(
                .refused(
                    client: number, reason: "\(self.room) are connected already", at: self.clock.now))
            throw ChannelError.eof
        }
        let handler = HookClientHandler(number, self.greeting, self.recorder, self.clock) { [unowned self] in
            self.clients.removeValue(forKey: number)
        }
        self.clients[number] = (channel, handler)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Lets the listener accept who connected already.
    func acceptRest(
        of listener: any Channel, on loop: any EventLoop, until deadline: NIODeadline
    ) -> EventLoopFuture<Void> {
        guard NIODeadline.now() < deadline, Self.hasWaiting(listener) else { return loop.makeSucceededVoidFuture() }
        // The loop looks at its sockets once no task is due: what is submitted at once would keep it from that.
        return loop.scheduleTask(in: .milliseconds(1)) {}.futureResult.flatMap {
            self.acceptRest(of: listener, on: loop, until: deadline)
        }
    }

    /// Reads of all clients what they sent, and closes them.
    func drain(on loop: any EventLoop, until deadline: NIODeadline) -> EventLoopFuture<Void> {
        let clients = Array(self.clients.values)
        let end = loop.assumeIsolated().scheduleTask(deadline: deadline) {
            for client in clients { client.handler.close() }
        }
        for client in clients { client.handler.drain() }
        return EventLoopFuture.andAllComplete(clients.map { $0.channel.closeFuture }, on: loop)
            .always { _ in end.cancel() }
    }

    private static func hasWaiting(_ listener: any Channel) -> Bool {
        let count = try? listener.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            var descriptor = pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, 0)
        }
        return count == 1
    }
}
