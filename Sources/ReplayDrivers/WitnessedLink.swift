import NIOCore
import NIOPosix
import TimelineModel

/// The TCP link under a connection: writes to it, ends it, and tells a witness what crosses it and when.
///
/// Lives on the event loop of its channel, whose handler tells it what NIO says.
final class WitnessedLink {
    /// As the witness knows it.
    let number: Int
    private let side: Sender
    private let witness: () -> (any WireWitness)?
    private let now: () -> Timestamp

    private(set) var context: ChannelHandlerContext?
    private(set) var hasReset = false
    private(set) var isGone = false
    /// Bytes that the other side has not taken yet.
    private(set) var waitingBytes = 0
    private var isInputEnded = false
    private var isOutputEnded = false
    /// The system or TLS says so.
    private var isBroken = false
    private var isFlushWanted = false

    /// - Parameter side: whose end of the link this is.
    init(
        _ number: Int, of side: Sender, witness: @escaping () -> (any WireWitness)?, now: @escaping () -> Timestamp
    ) {
        self.number = number
        self.side = side
        self.witness = witness
        self.now = now
    }

    private var peer: Sender { self.side == .client ? .server : .client }

    // MARK: What the handler is told

    func added(_ context: ChannelHandlerContext) {
        self.context = context
        let (local, remote) = (context.channel.localAddress, context.channel.remoteAddress)
        self.witness()?.opened(
            self.number, client: self.side == .client ? local : remote, server: self.side == .client ? remote : local,
            at: self.now())
    }

    func removed() { self.context = nil }

    func received(_ bytes: ByteBuffer) {
        self.witness()?.bytes(bytes, of: self.number, from: self.peer, at: self.now())
    }

    /// False where that was told before.
    func inputEnded() -> Bool {
        guard !self.isInputEnded else { return false }
        self.isInputEnded = true
        self.witness()?.ended(self.number, by: self.peer, at: self.now())
        return true
    }

    func broke() { self.isBroken = true }

    /// Whether the other side or the system reset it; nil where that was told before.
    func gone() -> Bool? {
        guard !self.isGone else { return nil }
        self.isGone = true
        if self.hasReset || (self.isInputEnded && self.isOutputEnded && !self.isBroken) {
            // Told when it happened.
        } else if self.isBroken || !self.isOutputEnded {
            self.witness()?.reset(self.number, by: self.peer, at: self.now())
        } else {
            // The other side's FIN, after ours.
            self.witness()?.ended(self.number, by: self.peer, at: self.now())
        }
        return self.isBroken && !self.hasReset
    }

    // MARK: What the handler does

    func write(_ bytes: ByteBuffer) {
        guard let context, !self.isOutputEnded, !self.isGone, bytes.readableBytes > 0 else { return }
        let count = bytes.readableBytes
        self.waitingBytes += count
        self.isFlushWanted = true
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            self.waitingBytes -= count
            guard case .success = result, !self.hasReset else { return }
            self.witness()?.bytes(bytes, of: self.number, from: self.side, at: self.now())
        }
        context.write(NIOAny(bytes), promise: promise)
    }

    /// All that is written in one turn goes out in one system call.
    func flush() {
        guard self.isFlushWanted else { return }
        self.isFlushWanted = false
        self.context?.flush()
    }

    /// FIN behind what was written.
    func endOutput() {
        guard let context, !self.isOutputEnded, !self.isGone else { return }
        self.isOutputEnded = true
        self.flush()
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            if !self.hasReset { self.witness()?.ended(self.number, by: self.side, at: self.now()) }
        }
        context.close(mode: .output, promise: promise)
    }

    /// RST behind what was written.
    ///
    /// - Parameter finish: has the handler say that it is over, before the channel does.
    func reset(_ finish: () -> Void) {
        guard let context, !self.isGone, !self.hasReset else { return }
        self.flush()
        self.hasReset = true
        self.witness()?.reset(self.number, by: self.side, at: self.now())
        // Set at once, for this is the channel's own event loop.
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        finish()
        context.close(mode: .all, promise: nil)
    }
}
