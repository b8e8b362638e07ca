import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// Answers whatever comes with the same bytes, behind a certificate that nobody trusts.
final class TLSServer {
    let port: Int
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(answering text: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "ProxyTapTests/Fixtures")
        let certificates = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "localhost.pem").path)
        let key = try NIOSSLPrivateKey(file: folder.appending(path: "localhost-key.pem").path, format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
        let channel = try ServerBootstrap(group: self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLServerHandler(context: context), Answerer(text),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        self.port = channel.localAddress?.port ?? 0
    }

    func stop() { try? self.group.syncShutdownGracefully() }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let text: String

        init(_ text: String) { self.text = text }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: self.text)), promise: nil)
        }
    }
}
