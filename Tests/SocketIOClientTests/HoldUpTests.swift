import Foundation
import NIOCore
import NIOPosix
import SocketIO
import SocketIOClient
import Synchronization
import Testing

/// What is held up, by a handler that waits or a loop that is busy, goes on.
@Suite("Handlers and loops that wait", .timeLimit(.minutes(2)))
struct HoldUpTests {
    @Test("a handler's ack times out while it holds the reading up")
    func ackInHandler() async throws {
        let count = 200
        let server = try await TestServer { socket in
            await socket.join()
            // More than a client reads at once: "41" is not to be read with the first of them.
            let filling = String(repeating: "x", count: 4096)
            for _ in 0..<count { await socket.send(#"42["n","\#(filling)"]"#) }
            #expect(await socket.next() == .text(#"420["ask"]"#))
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.deliveryLimit = 8
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        let handled = Counter()
        root.on("n") { _ in
            guard handled.next() == 1 else { return }
            await #expect(throws: SocketIOEmitError.ackTimedOut) {
                try await root.emit("ask", with: [], ackTimeout: .milliseconds(300))
            }
        }
        #expect(await client.connect() == .disconnectedByServer(namespace: "/", payload: nil))
        #expect(handled.value == count)
        await server.stop()
    }

    @Test("a handler that waits for another namespace does not hold up the end", arguments: [true, false])
    func closedMeanwhile(_ closes: Bool) async throws {
        let server = try await TestServer { socket in
            await socket.open()
            _ = await (socket.next(), socket.next())
            await socket.send(#"40{"sid":"s"}"#)
            await socket.send(#"40/chat,{"sid":"c"}"#)
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let (root, chat) = try (client.namespace(), client.namespace("/chat"))
        let waiting = AsyncStream<Void>.makeStream()
        let answers = Mutex<[Bool]>([])
        root.onConnect { _ in
            waiting.continuation.yield()
            let answer = await chat.waitUntilConnected()
            answers.withLock { $0.append(answer) }
        }
        let running = Task { await client.run() }
        for await _ in waiting.stream { break }
        if closes { client.close() } else { running.cancel() }
        #expect(await running.value == .closedByClient)
        #expect(answers.withLock { $0 } == [false])
        await server.stop()
    }

    enum Place: CaseIterable, Sendable { case connect, event, end, ended }

    @Test(
        "a handler that waits for what only a reconnect can bring does not keep the client from it",
        arguments: Place.allCases)
    func lostMeanwhile(_ place: Place) async throws {
        let waiting = AsyncStream<Void>.makeStream()
        let server = try await TestServer { socket in
            await socket.open()
            _ = await (socket.next(), socket.next())
            await socket.send(#"40{"sid":"s"}"#)
            guard socket.number > 1 else {
                await socket.send(#"42["e"]"#)
                if place == .connect || place == .event { for await _ in waiting.stream { break } }
                await socket.drop()
                return
            }
            await socket.send(#"40/chat,{"sid":"c"}"#)
            #expect(await socket.next() == .text(#"42/chat,["there"]"#))
            await socket.send("41/chat,")
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.reconnect.firstDelayNs = 1_000_000
        let client = try SocketIOClient(server.url, configuration)
        let (root, chat) = try (client.namespace(), client.namespace("/chat"))
        let calls = Counter()
        let wait: @Sendable (Place) async -> Void = { here in
            guard here == place, calls.next() == 1 else { return }
            waiting.continuation.yield()
            #expect(await !chat.waitUntilConnected())
        }
        root.onConnect { _ in await wait(.connect) }
        root.on("e") { _ in await wait(.event) }
        root.onEnd { _ in await wait(.end) }
        // Whoever waits elsewhere waits beyond the reconnect.
        let outside = Task {
            #expect(await chat.waitUntilConnected())
            try await chat.emit("there")
        }
        let last = await client.run { _, pause in if pause != nil { await wait(.ended) } }
        #expect(last == .disconnectedByServer(namespace: "/", payload: nil))
        try await outside.value
        #expect(calls.value > 0)
        await server.stop()
    }

    @Test("nobody waits for a client that is closed")
    func closed() async throws {
        let client = try SocketIOClient("ws://127.0.0.1:1")
        let root = try client.namespace()
        async let early = root.waitUntilConnected()
        client.close()
        #expect(await !early)
        #expect(await !root.waitUntilConnected())
        #expect(await !(try client.namespace("/late")).waitUntilConnected())
    }

    /// Holds the client's loop up when it sends a text, until it is let go.
    private final class Holder: TrafficObserver {
        let text: String
        let held = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)

        init(_ text: String) {
            self.text = text
        }

        func observe(_ traffic: Traffic) {
            guard case .message(let message) = traffic.event, message.sender == .client,
                message.body == .text(self.text)
            else { return }
            self.held.continuation.yield()
            self.release.wait()
        }
    }

    @Test("a ping that came in time counts, however late the loop comes to read it")
    func heldUpLoop() async throws {
        // Not that of the client, whose loops are every other test's, too.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let holder = Holder(#"42["hold"]"#)
        let server = try await TestServer(group: group) { socket in
            // Long enough for a busy machine to come from here to the ping.
            await socket.open(intervalMs: 4_000, timeoutMs: 4_000)
            _ = await socket.next()
            await socket.send(#"40{"sid":"s"}"#)
            for await _ in holder.held.stream { break }
            await socket.send("2")
            // Until the watchdog would have fired.
            try? await Task.sleep(for: .milliseconds(8_200))
            holder.release.signal()
            #expect(await socket.next() == .text(#"42["hold"]"#))
            #expect(await socket.next() == .text("3"))
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.observer = holder
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        async let end = client.connect()
        #expect(await root.waitUntilConnected())
        try await root.emit("hold")
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
        try await group.shutdownGracefully()
    }
}
