import Glibc
import NIOCore
import NIOPosix
import TimelineModel

/// One client of the hook socket: reads only while little of what it sent waits to be decoded.
///
/// That bounds what a client that floods can take, and since all wait in one queue, each comes to its turn.
final class HookClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// What is read at once; a client waits while as much is not decoded yet. So it has twice this in the queue at most.
    static let readBytes = 32 << 10
    /// A client that does not say who it is in time is let go.
    private static let greetingTime = TimeAmount.seconds(10)

    private let number: Int
    private let greeting: HookGreeting
    private let recorder: HookRecorder
    private let clock: SteadyClock
    private let left: () -> Void
    /// What came before the greeting was judged.
    private var early: [UInt8] = []
    private var isAccepted = false
    private var isTold = false
    /// Bytes that are not decoded yet.
    private var waiting = 0
    /// It wants to be read, and must wait.
    private var isPaused = false
    private var timeout: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// The recording ends: what was sent already is read, then it is let go.
    private var isDraining = false

    init(
        _ number: Int, _ greeting: HookGreeting, _ recorder: HookRecorder, _ clock: SteadyClock,
        left: @escaping () -> Void
    ) {
        self.number = number
        self.greeting = greeting
        self.recorder = recorder
        self.clock = clock
        self.left = left
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Reads what the kernel holds of its lines, and closes.
    func drain() {
        self.isDraining = true
        guard let context = self.context, context.channel.isActive else { return }
        self.readOn(context)
    }

    /// Closes at once, whatever is left.
    func close() {
        self.context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        if self.greeting.token != nil {
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            self.timeout = context.value.eventLoop.assumeIsolated().scheduleTask(in: Self.greetingTime) {
                self.refuse(context.value, "it sent no token within 10 s")
            }
        }
        self.readOn(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        guard let bytes = buffer.readBytes(length: buffer.readableBytes) else { return }
        if self.isAccepted { return self.pass(bytes, context) }
        guard !self.isTold else { return }
        self.early += bytes
        let early = self.early
        switch self.greeting.judge(early.span) {
        case .needsMore: break
        case .accepted(let offset):
            self.timeout?.cancel()
            self.isAccepted = true
            let rest = self.early.dropFirst(offset)
            self.early = []
            if !rest.isEmpty { self.pass(Array(rest), context) }
        case .refused(let reason):
            self.refuse(context, reason)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.readOn(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timeout?.cancel()
        if self.greeting.token == nil, !self.isAccepted, !self.early.isEmpty { self.pass(self.early, context) }
        if !self.isTold {
            self.isTold = true
            _ = self.recorder.tell(.ended(client: self.number, at: self.clock.now))
        }
        self.left()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func readOn(_ context: ChannelHandlerContext) {
        self.isPaused = self.waiting >= Self.readBytes
        guard !self.isPaused else { return self.recorder.hurry() }
        if self.isDraining, !Self.hasBytes(context) { return context.close(promise: nil) }
        context.read()
    }

    /// Something can be read without waiting for the client.
    private static func hasBytes(_ context: ChannelHandlerContext) -> Bool {
        let operations = context.channel.pipeline.syncOperations
        let count = try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT))
        }
        return count.map { $0 > 0 } ?? false
    }

    private func pass(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        self.waiting += bytes.count
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        let event = HookEvent.bytes(client: self.number, bytes, at: self.clock.now) { count in
            loop.execute {
                let (handler, context) = bound.value
                handler.waiting -= count
                if handler.isPaused, context.channel.isActive { handler.readOn(context) }
            }
        }
        guard !self.recorder.tell(event) else { return }
        // A hole in its lines would tell less than its end does.
        self.refuse(context, "the decoder cannot take more")
    }

    private func refuse(_ context: ChannelHandlerContext, _ reason: String) {
        guard !self.isTold else { return }
        self.isTold = true
        self.early = []
        if self.isAccepted { _ = self.recorder.tell(.ended(client: self.number, at: self.clock.now)) }
        _ = self.recorder.tell(.refused(client: self.number, reason: reason, at: self.clock.now))
        context.close(promise: nil)
    }
}
