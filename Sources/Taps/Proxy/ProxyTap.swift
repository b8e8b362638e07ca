import NIOCore
import NIOPosix
import Recording
import TimelineModel

/// A reverse proxy that records both of its legs.
///
/// Bytes go through as they are. One thread moves them, for all connections; another one decodes what it saw.
public final class ProxyTap: LiveTap, @unchecked Sendable {
    private static let backlog: CInt = 1_024

    public let captures: [CaptureFacts]
    private let settings: ProxySettings
    private let tls: ProxyTLS
    private let clock = SteadyClock()
    private let upstream: ClientTrouble
    private let withoutTLS: ClientTrouble
    /// Of buffers that wait for the decoder.
    var queueBytes = ProxyRecorder.limitBytes
    // Set by `start`, taken by `stop`.
    private var running: (group: MultiThreadedEventLoopGroup, listener: any Channel, house: ProxyHouse)?
    private var recorder: ProxyRecorder?

    /// Reads the certificates that the settings name.
    ///
    /// - Parameter tell: gets a line when the server fails clients, and one when clients give no TLS: the first time, and
    ///   then every ten seconds at most.
    public init(
        _ settings: ProxySettings, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(TapError) {
        self.settings = settings
        self.upstream = ClientTrouble("got no answer of the server", tell: tell)
        self.withoutTLS = ClientTrouble("gave no TLS", tell: tell)
        self.tls = try ProxyTLS(settings)
        let front = (settings.identity == nil ? "http://" : "https://") + settings.listen.description
        self.captures = [
            CaptureFacts(kind: .proxy, source: front, tap: .proxyFront),
            CaptureFacts(kind: .proxy, source: settings.target.description, tap: .proxyBack),
        ]
    }

    /// Where it listens; nil before `start`.
    public private(set) var address: HostPort?

    public var trouble: String? {
        let texts = [self.upstream.text, self.withoutTLS.text].compactMap { $0 }
        return texts.isEmpty ? nil : texts.joined(separator: "; ")
    }

    public func start(
        _ recording: LiveRecording, ended: @escaping @Sendable ((any Error)?) -> Void
    ) throws -> String {
        FileLimit.raise()
        let recorder = ProxyRecorder(self.captures, recording, self.clock, limitBytes: self.queueBytes)
        let house = ProxyHouse(
            self.settings, self.tls, recorder, self.clock, upstream: self.upstream, withoutTLS: self.withoutTLS)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener: any Channel
        do {
            listener = try self.listen(group, house)
        } catch {
            try? group.syncShutdownGracefully()
            recorder.stop()
            throw error
        }
        self.recorder = recorder
        self.running = (group, listener, house)
        let port = listener.localAddress?.port ?? self.settings.listen.port
        let address = HostPort(host: self.settings.listen.host, port: port)
        self.address = address
        listener.closeFuture.whenComplete { _ in
            if !house.isClosing { ended(TapError("the socket that listened on \(address) was closed")) }
        }
        let scheme = self.settings.identity == nil ? "http" : "https"
        return "listening on \(scheme)://\(address), forwarding to \(self.settings.target)"
    }

    public func stop() {
        guard let running else { return }
        self.running = nil
        let house = running.house
        try? running.group.next().submit { house.closeAll() }.wait()
        try? running.listener.close().wait()
        try? running.group.syncShutdownGracefully()
        self.recorder?.stop()
        self.recorder = nil
    }

    private func listen(_ group: MultiThreadedEventLoopGroup, _ house: ProxyHouse) throws -> any Channel {
        let address = self.settings.listen
        do {
            let listener = try ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: Self.backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try house.admit(channel) }
                }
                .bind(host: address.host, port: address.port).wait()
            guard let bound = listener.localAddress, !self.leads(to: bound) else {
                try? listener.close().wait()
                throw TapError("--to \(self.settings.target) is where the proxy itself listens; name the server")
            }
            return listener
        } catch {
            throw TapError(listeningOn: address, error)
        }
    }

    /// Clients would be forwarded to this proxy, without end.
    private func leads(to bound: SocketAddress) -> Bool {
        let target = self.settings.target.address
        guard target.port == bound.port else { return false }
        return (try? SocketAddress.makeAddressResolvingHost(target.host, port: target.port)) == bound
    }
}
