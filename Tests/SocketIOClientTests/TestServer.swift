import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import TestSupport

/// What a test's server gets from a client.
enum Received: Equatable, Sendable {
    case text(String)
    case binary([UInt8])
    /// Nil for an empty body.
    case close(UInt16?)
}

/// The server's end of one WebSocket.
final class ServerSocket: Sendable {
    /// From 1.
    let number: Int
    let headers: HTTPHeaders
    let uri: String
    private let channel: any Channel
    private let stream: AsyncStream<Received>

    fileprivate init(_ number: Int, _ head: HTTPRequestHead, _ channel: any Channel, _ stream: AsyncStream<Received>) {
        self.number = number
        self.headers = head.headers
        self.uri = head.uri
        self.channel = channel
        self.stream = stream
    }

    /// The next message; nil behind the end of the stream.
    func next() async -> Received? {
        var iterator = self.stream.makeAsyncIterator()
        return await iterator.next()
    }

    /// All up to the end.
    func rest() async -> [Received] {
        var all: [Received] = []
        while let received = await self.next() { all.append(received) }
        return all
    }

    func send(_ text: String) async { await self.write(.text, ByteBuffer(string: text)) }
    func send(binary: [UInt8]) async { await self.write(.binary, ByteBuffer(bytes: binary)) }

    func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true, rsv1: Bool = false) async {
        try? await self.channel.writeAndFlush(WebSocketFrame(fin: fin, rsv1: rsv1, opcode: opcode, data: data))
    }

    func close(_ code: UInt16?, _ reason: String = "") async {
        var data = ByteBuffer()
        if let code {
            data.writeInteger(code)
            data.writeString(reason)
        }
        await self.write(.connectionClose, data)
    }

    /// The open packet. It sends no pings, so the client is to wait for them long enough for a busy machine.
    func open(intervalMs: Int = 600_000, timeoutMs: Int = 20_000, maxPayload: Int = 1_000_000) async {
        await self.send(
            #"0{"sid":"e\#(self.number)","upgrades":[],"pingInterval":\#(intervalMs),"pingTimeout":\#(timeoutMs),"maxPayload":\#(maxPayload)}"#
        )
    }

    /// The open packet, and the answer to the CONNECT of the root.
    func join() async {
        await self.open()
        _ = await self.next()
        await self.send(#"40{"sid":"s\#(self.number)"}"#)
    }

    /// Ends the stream without a close frame.
    func drop() async { try? await self.channel.close() }

    /// Takes nothing from the wire, or goes on.
    func read(_ isReading: Bool) async { try? await self.channel.setOption(.autoRead, value: isReading).get() }
}

/// A server on a port of the kernel's choice. Each WebSocket is played by the script; other answers than 101 are those
/// of `refusal`.
final class TestServer: Sendable {
    struct Refusal: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders = [:]
        var body = ""
        /// False: it waits for more of its body, for ever.
        var ends = true
    }

    private let channel: any Channel
    let port: Int

    init(
        refusal: Refusal? = nil, tls: Bool = false, extraHeaders: HTTPHeaders = [:],
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
        _ script: @escaping @Sendable (ServerSocket) async -> Void = { _ in }
    ) async throws {
        let counter = Counter()
        let context = tls ? try Self.tls() : nil
        self.channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    let upgrader = NIOWebSocketServerUpgrader(
                        maxFrameSize: 1 << 24,
                        shouldUpgrade: { channel, _ in
                            channel.eventLoop.makeSucceededFuture(refusal == nil ? extraHeaders : nil)
                        },
                        upgradePipelineHandler: { channel, head in
                            let (stream, continuation) = AsyncStream<Received>.makeStream()
                            let socket = ServerSocket(counter.next(), head, channel, stream)
                            return channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(FrameHandler(continuation))
                            }.map { Task { await script(socket) } }.map { _ in }
                        })
                    let refuser = RefusingHandler(refusal ?? Refusal(status: .notFound))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { $0.pipeline.syncOperations.removeHandler(refuser, promise: nil) }
                        ))
                    try channel.pipeline.syncOperations.addHandler(refuser)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = self.channel.localAddress?.port ?? 0
    }

    var url: String { "ws://127.0.0.1:\(self.port)" }

    func stop() async { try? await self.channel.close() }

    private static func tls() throws -> NIOSSLContext {
        let folder = TestFiles.package.appending(path: "Tests/SocketIOClientTests/Fixtures")
        let chain = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "certificate.pem").path)
        let key = try NIOSSLPrivateKey(file: folder.appending(path: "key.pem").path, format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    }
}

final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    @discardableResult
    func next() -> Int {
        self.lock.withLock {
            self.count += 1
            return self.count
        }
    }

    var value: Int { self.lock.withLock { self.count } }
}

/// Client frames to a stream; answers a close frame and ends the stream behind it.
private final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let received: AsyncStream<Received>.Continuation
    private var hasClosed = false

    init(_ received: AsyncStream<Received>.Continuation) {
        self.received = received
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.unwrapOutboundIn(data).opcode == .connectionClose { self.hasClosed = true }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = self.unwrapInboundIn(data)
        let bytes = Array(frame.unmaskedData.readableBytesView)
        switch frame.opcode {
        case .text: self.received.yield(.text(String(decoding: bytes, as: UTF8.self)))
        case .binary: self.received.yield(.binary(bytes))
        case .connectionClose:
            self.received.yield(.close(bytes.count < 2 ? nil : UInt16(bytes[0]) << 8 | UInt16(bytes[1])))
            let channel = context.channel
            guard !self.hasClosed else { return context.close(promise: nil) }
            context.writeAndFlush(
                self.wrapOutboundOut(
                    WebSocketFrame(fin: true, opcode: .connectionClose, data: ByteBuffer(bytes: bytes.prefix(2))))
            ).whenComplete { _ in channel.close(promise: nil) }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.received.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

private final class RefusingHandler: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let refusal: TestServer.Refusal

    init(_ refusal: TestServer.Refusal) {
        self.refusal = refusal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = self.unwrapInboundIn(data) else { return }
        var headers = self.refusal.headers
        if self.refusal.ends { headers.add(name: "Content-Length", value: String(self.refusal.body.utf8.count)) }
        context.write(
            self.wrapOutboundOut(
                .head(HTTPResponseHead(version: .http1_1, status: self.refusal.status, headers: headers))),
            promise: nil)
        let body = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: self.refusal.body)))
        guard self.refusal.ends else { return context.writeAndFlush(self.wrapOutboundOut(body), promise: nil) }
        context.write(self.wrapOutboundOut(body), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}
