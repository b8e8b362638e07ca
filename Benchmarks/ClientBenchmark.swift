import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import SocketIOClient

/// What the client costs an event, and what an observer adds: events to a server in the same process that answers the
/// last of each window with an ack.
struct ClientBenchmark {
    let events: Int
    private let window = 200

    /// Sees everything, keeps nothing.
    private struct Blind: TrafficObserver {
        func observe(_ traffic: Traffic) {}
    }

    enum Watcher: String, CaseIterable {
        case none, blind, hookLog = "hook-log"
    }

    /// Seconds for all events.
    func run(_ watcher: Watcher) async throws -> Double {
        let port = try await AckingServer.start()
        var configuration = SocketIOConfiguration()
        let path = FileManager.default.temporaryDirectory.appending(path: "sioscope-bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var hookLog: HookLogObserver?
        switch watcher {
        case .none: break
        case .blind: configuration.observer = Blind()
        case .hookLog:
            hookLog = try HookLogObserver(to: path)
            configuration.observer = hookLog
        }
        let client = try SocketIOClient("ws://127.0.0.1:\(port)", configuration)
        let root = try client.namespace()
        let running = Task { await client.connect() }
        _ = await root.waitUntilConnected()
        let start = ContinuousClock.now
        for number in 1...max(1, self.events) {
            if number % self.window == 0 {
                _ = try await root.emit("tick", with: [1], ackTimeout: .seconds(60))
            } else {
                try await root.emit("tick", ["n": 1, "text": "some forty bytes of text for each of them"])
            }
        }
        let spent = ContinuousClock.now - start
        client.close()
        _ = await running.value
        hookLog?.close()
        return Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
    }
}

/// Just enough of a server: opens, accepts the root, answers what has an ack id.
private final class AckingServer: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Its port; it lives as long as the process.
    static func start() async throws -> Int {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                let upgrader = NIOWebSocketServerUpgrader(
                    shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(AckingServer())
                        }
                    })
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return channel.localAddress?.port ?? 0
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.send(#"0{"sid":"e","upgrades":[],"pingInterval":600000,"pingTimeout":600000}"#, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = self.unwrapInboundIn(data)
        guard frame.opcode == .text else {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        let bytes = frame.unmaskedData.readableBytesView
        if bytes.starts(with: Array("40".utf8)) { return self.send(#"40{"sid":"s"}"#, context) }
        let id = bytes.dropFirst(2).prefix { $0 >= 0x30 && $0 <= 0x39 }
        if !id.isEmpty { self.send("43" + String(decoding: id, as: UTF8.self) + "[]", context) }
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }
}
