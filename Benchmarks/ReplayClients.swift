import Foundation
import NIOCore
import NIOPosix

/// The other side of the replays' benchmark, in a process of its own: connects to each port of standard input, joins,
/// reads and forgets; ends when all connections have.
struct ReplayClients {
    func run() throws {
        let ports = FileHandle.standardInput.readDataToEndOfFile().split(separator: 10)
            .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Joiner()) }
        }
        let channels = try ports.map { try bootstrap.connect(host: "127.0.0.1", port: $0).wait() }
        for channel in channels { try channel.closeFuture.wait() }
    }

    /// Joins with the open packet; all else is only counted by who sends it.
    private final class Joiner: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private static let request =
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        private var hasJoined = false
        private var head = ByteBuffer()

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: Self.request)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !self.hasJoined else { return }
            var bytes = self.unwrapInboundIn(data)
            self.head.writeBuffer(&bytes)
            guard String(buffer: self.head).contains("pingTimeout") else { return }
            self.hasJoined = true
            self.head = ByteBuffer()
            // `40` as a masked text, with a mask of zeros.
            let join = ByteBuffer(bytes: [0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30])
            context.writeAndFlush(self.wrapOutboundOut(join), promise: nil)
        }
    }
}
