import NIOCore
import NIOPosix
import NIOSSL

/// What all relays of a proxy share. Used on its one event loop alone, but for `init`.
final class ProxyHouse: @unchecked Sendable {
    /// Clients without room that may wait for their answer at once; more are closed as they come. They take descriptors
    /// that are kept for other things than clients.
    private static let refusedAtOnce = 24

    let settings: ProxySettings
    let clock: SteadyClock
    let upstream: ClientTrouble
    let withoutTLS: ClientTrouble
    /// Clients that descriptors are left for, each with a connection to the server; those beyond get an answer from here.
    private let room: Int
    private let recorder: ProxyRecorder
    private let tls: ProxyTLS
    private var relays: [Int: Relay] = [:]
    private var last = 0
    /// The proxy is told to end.
    private(set) var isClosing = false

    init(
        _ settings: ProxySettings, _ tls: ProxyTLS, _ recorder: ProxyRecorder, _ clock: SteadyClock,
        upstream: ClientTrouble, withoutTLS: ClientTrouble
    ) {
        (self.upstream, self.withoutTLS) = (upstream, withoutTLS)
        self.room = max(1, (FileLimit.current - FileLimit.others) / 2)
        self.settings = settings
        self.tls = tls
        self.recorder = recorder
        self.clock = clock
    }

    /// What the client that came last is told; nil where there is room for it.
    var fullness: UpstreamFailure.Cause? {
        self.relays.count > self.room ? .noFiles(limit: FileLimit.current) : nil
    }

    /// A client came.
    func admit(_ channel: any Channel) throws {
        guard !self.isClosing else { throw ChannelError.ioOnClosedChannel }
        guard self.relays.count < self.room + Self.refusedAtOnce else {
            let cause = UpstreamFailure.Cause.noFiles(limit: FileLimit.current)
            self.upstream.note(UpstreamFailure(cause: cause, target: self.settings.target).text, at: self.clock.now)
            throw ChannelError.ioOnClosedChannel
        }
        self.last += 1
        let relay = Relay(self.last, self, channel.eventLoop)
        self.relays[self.last] = relay
        do {
            if let handler = self.tls.serverHandler() { try channel.pipeline.syncOperations.addHandler(handler) }
            try channel.pipeline.syncOperations.addHandler(relay.front)
        } catch {
            self.left(relay)
            throw error
        }
    }

    func left(_ relay: Relay) {
        self.relays.removeValue(forKey: relay.number)
    }

    func closeAll() {
        self.isClosing = true
        for relay in self.relays.values { relay.close() }
    }

    /// False where bytes found no room.
    func tell(_ event: ProxyEvent) -> Bool {
        // The ends that the proxy's own end brings are none that the peers made.
        self.isClosing || self.recorder.tell(event)
    }

    func clientTLS() throws -> NIOSSLClientHandler? { try self.tls.clientHandler() }

    func connect(on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let address = self.settings.target.address
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(self.settings.connectTimeoutMs))
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        // An address needs no resolver, which would take a thread's turn for each connection.
        if let literal = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return bootstrap.connect(to: literal)
        }
        return bootstrap.connect(host: address.host, port: address.port)
    }
}
