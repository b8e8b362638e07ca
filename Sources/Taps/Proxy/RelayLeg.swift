import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TimelineModel

/// One of the two connections of a relay: moves bytes, tells the relay what happened, keeps the recorder informed.
///
/// Lives on the event loop of its channel. Behind a TLS handler it sees plain bytes.
final class RelayLeg: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// For how long a reset waits until what was read before it is written, in milliseconds.
    private static let resetPatience: TimeAmount = .milliseconds(1_000)

    let place: ProxyLeg
    let isSecure: Bool
    /// Nil once this leg is gone: each holds the other until then.
    private var relay: Relay?
    private var context: ChannelHandlerContext?
    private var isConnected = false
    /// It may carry data: connected, and TLS agreed on.
    private(set) var isReady = false
    /// The peer will send no more.
    private(set) var isInputEnded = false
    private var isOutputEnded = false
    /// It broke, or was broken off from here.
    private(set) var isReset = false
    private(set) var isGone = false
    /// Writes that the socket has not taken yet.
    private var outstanding = 0
    private var isReadWanted = false
    private var isAborting = false
    /// Read and not yet told: what is to be passed on goes first.
    private var untold: [(bytes: ByteBuffer, at: Timestamp)] = []
    private var missed: [Sender: (bytes: Int, pieces: Int64)] = [:]
    private(set) var error: (any Error)?

    init(_ place: ProxyLeg, isSecure: Bool, _ relay: Relay) {
        self.place = place
        self.isSecure = isSecure
        self.relay = relay
    }

    /// The peer's address, while connected.
    var farText: String? {
        guard let far = self.context?.channel.remoteAddress, let host = far.ipAddress else { return nil }
        return HostPort(host: host, port: far.port ?? 0).description
    }
    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    // MARK: What the relay asks for

    /// Reads once more, as soon as the other leg has room.
    func read(if other: RelayLeg?) {
        guard let context = self.context, !self.isGone, !self.isInputEnded else { return }
        self.isReadWanted = !(other?.isWritable ?? true)
        if !self.isReadWanted { context.read() }
    }

    func resume() {
        guard self.isReadWanted, let context = self.context, !self.isGone else { return }
        self.isReadWanted = false
        context.read()
    }

    /// Passes bytes on; they are recorded once the socket has taken them.
    func send(_ bytes: ByteBuffer) {
        guard let context = self.context, !self.isGone, !self.isOutputEnded else { return }
        self.outstanding += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            self.outstanding -= 1
            if case .success = result {
                // What it answers to, where both happen in one turn.
                self.tellUntold()
                if let now = self.relay?.now { self.tell(bytes, from: self.place.peer.other, at: now) }
            }
            if self.isAborting, self.outstanding == 0 { self.abortNow() }
        }
        context.write(self.wrapOutboundOut(bytes), promise: promise)
    }

    func flush() {
        self.context?.flush()
    }

    /// Sends a FIN behind everything that was sent.
    func endOutput() {
        guard let context = self.context, !self.isGone, !self.isOutputEnded else { return }
        self.isOutputEnded = true
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.tell(.ended(by: self.place.peer.other))
        }
        context.close(mode: .output, promise: promise)
    }

    /// Resets the connection, once what was sent before is written.
    func abort() {
        guard let context = self.context, !self.isGone, !self.isAborting else { return }
        self.isAborting = true
        if self.outstanding == 0 || !self.isReady {
            self.abortNow()
        } else {
            context.flush()
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.resetPatience) { self.abortNow() }
        }
    }

    private func abortNow() {
        guard let context = self.context, !self.isGone, !self.isReset else { return }
        self.isReset = true
        self.tellUntold()
        if self.isReady { self.tell(.reset(by: self.place.peer.other)) }
        // Set at once, for this is the channel's own event loop.
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        self.closeUnderTLS(context)
    }

    /// Closes at once, with no word to the recorder.
    func close() {
        guard let context = self.context, !self.isGone else { return }
        self.closeUnderTLS(context)
    }

    /// Past the TLS handler, which would say goodbye and wait for the peer's.
    private func closeUnderTLS(_ context: ChannelHandlerContext) {
        let under = try? context.pipeline.syncOperations.context(handlerType: NIOSSLHandler.self)
        (under ?? context).close(mode: .all, promise: nil)
    }

    // MARK: What happens

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !self.isConnected else { return }
        self.isConnected = true
        self.tell(.opened(near: context.channel.localAddress, far: context.channel.remoteAddress))
        self.isSecure ? context.read() : self.becomeReady()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted where !self.isReady:
            self.becomeReady()
        case ChannelEvent.inputClosed where !self.isInputEnded && !self.isGone:
            self.isInputEnded = true
            self.tellUntold()
            self.tell(.ended(by: self.place.peer))
            self.relay?.inputEnded(self)
        default:
            break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func becomeReady() {
        self.isReady = true
        self.relay?.ready(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        guard let relay = self.relay else { return }
        self.untold.append((bytes, relay.now))
        relay.received(bytes, on: self)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.relay?.readCompleted(self)
        self.tellUntold()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.relay?.writable(self) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // How TLS ended says nothing of the connection below: the end of that is seen by itself.
        if !self.isReady || !(error is NIOSSLError) { self.error = self.error ?? error }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !self.isGone else { return }
        self.isGone = true
        self.tellUntold()
        if !self.isReset, self.isReady || self.error is IOError {
            if self.error == nil, self.isOutputEnded {
                // Where the FIN came after ours, the two together are all that is told.
                if !self.isInputEnded { self.tell(.ended(by: self.place.peer)) }
            } else {
                self.isReset = true
                self.tell(.reset(by: self.place.peer))
            }
        }
        self.tell(.left)
        self.relay?.left(self)
        self.relay = nil
        context.fireChannelInactive()
    }

    // MARK: To the recorder

    private func tellUntold() {
        guard !self.untold.isEmpty else { return }
        let seen = self.untold
        self.untold.removeAll(keepingCapacity: true)
        for (bytes, at) in seen { self.tell(bytes, from: self.place.peer, at: at) }
    }

    private func tell(_ bytes: ByteBuffer, from sender: Sender, at: Timestamp) {
        if !self.missed.isEmpty { self.tellMissed(sender, at: at) }
        if let relay = self.relay, !relay.tell(.bytes(bytes, from: sender), self.place, at: at) {
            self.missed[sender, default: (0, 0)].bytes += bytes.readableBytes
            self.missed[sender, default: (0, 0)].pieces += 1
        }
    }

    private func tellMissed(_ sender: Sender, at: Timestamp) {
        guard let missed = self.missed.removeValue(forKey: sender) else { return }
        _ = self.relay?.tell(.missed(missed.bytes, pieces: missed.pieces, from: sender), self.place, at: at)
    }

    /// All but bytes.
    private func tell(_ happening: ProxyEvent.Happening) {
        self.tellUntold()
        guard let relay = self.relay else { return }
        let now = relay.now
        for sender in Sender.allCases { self.tellMissed(sender, at: now) }
        _ = relay.tell(happening, self.place, at: now)
    }
}
