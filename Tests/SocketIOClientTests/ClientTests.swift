import Foundation
import NIOCore
import NIOHTTP1
import SocketIO
import SocketIOClient
import Synchronization
import TestSupport
import Testing

@testable import EngineIO

/// A live client against a server that does what the test says.
@Suite("The client, live", .timeLimit(.minutes(10)))
struct ClientTests {
    @Test("events, acks and bytes go both ways")
    func bothWays() async throws {
        let server = try await TestServer { socket in
            await socket.join()
            #expect(await socket.next() == .text(#"42["hello",{"a":1}]"#))
            #expect(await socket.next() == .text(#"451-0["ask",{"_placeholder":true,"num":0}]"#))
            #expect(await socket.next() == .binary([1, 2, 3]))
            await socket.send(#"461-0[{"_placeholder":true,"num":0}]"#)
            await socket.send(binary: [3, 2, 1])
            await socket.send(#"4217["question","how?"]"#)
            #expect(await socket.next() == .text(#"4317["well"]"#))
            await socket.send("2")
            #expect(await socket.next() == .text("3"))
            await socket.send("41")
            #expect(await socket.next() == .close(1000))
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        root.on("question") { event in
            #expect(event.arguments == ["how?"])
            try? await event.acknowledge("well")
        }
        async let end = client.connect()
        #expect(await root.waitUntilConnected())
        try await root.emit("hello", ["a": 1])
        let answer = try await root.emit("ask", with: [.binary([1, 2, 3])], ackTimeout: .seconds(30))
        #expect(answer == [.binary([3, 2, 1])])
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        #expect(!root.isConnected)
        await #expect(throws: SocketIOEmitError.request(.notConnected(namespace: "/"))) { try await root.emit("x") }
        await server.stop()
    }

    @Test("emits of many tasks do not mix, and each task's stay in order")
    func concurrentEmits() async throws {
        let (tasks, each) = (16, 50)
        let server = try await TestServer { socket in
            await socket.join()
            var counts: [String: Int] = [:]
            for _ in 0..<tasks * each {
                guard case .text(let text) = await socket.next(), case .binary(let bytes) = await socket.next() else {
                    Issue.record("a header without its attachment")
                    break
                }
                let task = String(text.split(separator: "\"")[1])
                #expect(task == "t\(bytes[0])")
                #expect(Int(bytes[1]) == counts[task, default: 0])
                counts[task, default: 0] += 1
            }
            await socket.send("41")
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        async let end = client.connect()
        _ = await root.waitUntilConnected()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for number in 0..<each {
                        try await root.emit("t\(task)", .binary([UInt8(task), UInt8(number)]))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
    }

    @Test("emits wait while the server takes nothing, and all arrive")
    func backPressure() async throws {
        let count = 400
        let reading = AsyncStream<Void>.makeStream()
        let server = try await TestServer { socket in
            await socket.join()
            await socket.read(false)
            await socket.send(#"42["stopped"]"#)
            for await _ in reading.stream { break }
            await socket.read(true)
            for _ in 0..<count { _ = await socket.next() }
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.writeHighWatermark = 1 << 16
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        let stopped = AsyncStream<Void>.makeStream()
        root.on("stopped") { _ in stopped.continuation.yield() }
        async let end = client.connect()
        for await _ in stopped.stream { break }
        let sent = Counter()
        let text = SocketIOValue.string(String(repeating: "x", count: 1 << 16))
        let emitting = Task {
            for _ in 0..<count {
                try await root.emit("e", text)
                sent.next()
            }
        }
        // 26 MB do not fit what the system buffers for a socket: however long one waits, some are left.
        try await Task.sleep(for: .milliseconds(500))
        #expect(sent.value < count)
        reading.continuation.yield()
        try await emitting.value
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
    }

    @Test("slow handlers stop the reading, and every event comes in order")
    func slowHandlers() async throws {
        let server = try await TestServer { socket in
            await socket.join()
            for number in 0..<500 { await socket.send(#"42["n",\#(number)]"#) }
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.deliveryLimit = 8
        let client = try SocketIOClient(server.url, configuration)
        let numbers = Mutex<[Int64]>([])
        try client.namespace().on("n") { event in
            await Task.yield()
            numbers.withLock { $0 += [event.arguments[0].integer ?? -1] }
        }
        #expect(await client.connect() == .disconnectedByServer(namespace: "/", payload: nil))
        #expect(numbers.withLock { $0 } == Array(0..<500))
        await server.stop()
    }

    @Test("a server that stops pinging is noticed")
    func watchdog() async throws {
        let closes = AsyncStream<[Received]>.makeStream()
        let server = try await TestServer { socket in
            await socket.open(intervalMs: 100, timeoutMs: 100)
            closes.continuation.yield(await socket.rest())
        }
        let end = await (try SocketIOClient(server.url)).connect()
        #expect(end == .engineIO(.pingTimeout(afterMs: 200)))
        #expect(end.mayReconnect)
        #expect(await closes.stream.first { _ in true } == [.text("40"), .close(1001)])
        await server.stop()
    }

    @Test("an ack that does not come in time; one whose connection goes")
    func lostAcks() async throws {
        let server = try await TestServer { socket in
            await socket.join()
            _ = await socket.next()
            _ = await socket.next()
            await socket.drop()
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        async let end = client.connect()
        _ = await root.waitUntilConnected()
        await #expect(throws: SocketIOEmitError.ackTimedOut) {
            try await root.emit("a", with: [], ackTimeout: .milliseconds(20))
        }
        await #expect(throws: SocketIOEmitError.disconnected) {
            try await root.emit("b", with: [], ackTimeout: .seconds(60))
        }
        let lost = await end
        guard case .connectionLost = lost else {
            Issue.record("no lost connection: \(lost)")
            return
        }
        await server.stop()
    }

    @Test("a message that the server says it will not take is not sent")
    func tooBigForTheServer() async throws {
        let server = try await TestServer { socket in
            await socket.open(maxPayload: 100)
            _ = await socket.next()
            await socket.send(#"40{"sid":"s"}"#)
            #expect(await socket.next() == .text(#"42["small"]"#))
            await socket.send("41")
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        async let end = client.connect()
        _ = await root.waitUntilConnected()
        let big = SocketIOValue.binary([UInt8](repeating: 0, count: 101))
        await #expect(throws: SocketIOEmitError.tooBig(bytes: 101, limit: 100)) { try await root.emit("e", big) }
        await #expect(throws: SocketIOEmitError.tooBig(bytes: 101, limit: 100)) {
            try await root.emit("e", with: [big], ackTimeout: .seconds(60))
        }
        try await root.emit("small")
        _ = await end
        await server.stop()
    }

    @Test("a namespace whose auth the server would not take can be asked for again")
    func tooBigToJoin() async throws {
        let server = try await TestServer { socket in
            await socket.open(maxPayload: 100)
            _ = await socket.next()
            await socket.send(#"40{"sid":"s"}"#)
            #expect(await socket.next() == .text(#"40/a,"short""#))
            await socket.send(#"40/a,{"sid":"a"}"#)
            await socket.send("41")
            await socket.send("41/a,")
            _ = await socket.rest()
        }
        let calls = Counter()
        var configuration = SocketIOConfiguration()
        configuration.auth = { namespace in
            guard namespace != "/" else { return nil }
            return calls.next() == 1 ? .string(String(repeating: "x", count: 94)) : "short"
        }
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        async let end = client.connect()
        _ = await root.waitUntilConnected()
        let a = try client.namespace("/a")
        await #expect(throws: SocketIOEmitError.tooBig(bytes: 101, limit: 100)) { try await a.connect() }
        try await a.connect()
        #expect(await end == .disconnectedByServer(namespace: "/a", payload: nil))
        await server.stop()
    }

    @Test("cancelling and closing say goodbye", arguments: [true, false])
    func goodbye(_ cancels: Bool) async throws {
        let seen = AsyncStream<[Received]>.makeStream()
        let server = try await TestServer { socket in
            await socket.join()
            seen.continuation.yield(await socket.rest())
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        let running = Task { await client.connect() }
        #expect(await root.waitUntilConnected())
        if cancels { running.cancel() } else { client.close() }
        #expect(await running.value == .closedByClient)
        #expect(await seen.stream.first { _ in true } == [.text("41"), .close(1000)])
        await server.stop()
    }

    /// Says whether a namespace counts as connected when the client sends its close frame.
    private final class AtClose: TrafficObserver {
        let namespace = Mutex<SocketIONamespace?>(nil)
        let seen = AsyncStream<Bool>.makeStream()

        func observe(_ traffic: Traffic) {
            guard case .close(by: .client, _, _, _) = traffic.event, let namespace = self.namespace.withLock({ $0 })
            else { return }
            self.seen.continuation.yield(namespace.isConnected)
        }
    }

    @Test("while a dead connection is closed, nobody takes it for one; whoever waits gets the next")
    func closing() async throws {
        let looked = AsyncStream<Void>.makeStream()
        let server = try await TestServer { socket in
            guard socket.number == 1 else {
                await socket.join()
                #expect(await socket.next() == .text(#"42["late"]"#))
                await socket.send("41")
                _ = await socket.rest()
                return
            }
            // Until the client takes the silence for an end, a busy machine must have joined.
            await socket.open(intervalMs: 1_000, timeoutMs: 4_000)
            _ = await socket.next()
            await socket.send(#"40{"sid":"s"}"#)
            // Neither pings nor the answer to the close frame come, until all was looked at.
            await socket.read(false)
            for await _ in looked.stream { break }
            await socket.drop()
        }
        let observer = AtClose()
        var configuration = SocketIOConfiguration()
        configuration.observer = observer
        configuration.closeTimeoutMs = 60_000
        configuration.reconnect.firstDelayNs = 1_000_000
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        observer.namespace.withLock { $0 = root }
        async let end = client.run()
        #expect(await root.waitUntilConnected())
        for await isConnected in observer.seen.stream {
            #expect(!isConnected)
            break
        }
        await #expect(throws: SocketIOEmitError.request(.notConnected(namespace: "/"))) { try await root.emit("lost") }
        looked.continuation.yield()
        #expect(await root.waitUntilConnected())
        try await root.emit("late")
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
    }

    @Test("reconnects with fresh auth and all wanted namespaces, until the server says no")
    func reconnects() async throws {
        let server = try await TestServer { socket in
            await socket.open()
            #expect(await socket.next() == .text(#"40{"token":"/ \#(socket.number)"}"#))
            #expect(await socket.next() == .text(#"40/a,{"token":"/a \#(socket.number)"}"#))
            await socket.send(#"40{"sid":"s"}"#)
            switch socket.number {
            case 1: await socket.drop()
            case 2: await socket.close(nil)
            default:
                await socket.send("41")
                await socket.send(#"44/a,{"message":"expired"}"#)
                _ = await socket.rest()
            }
        }
        let calls = Mutex<[String: Int]>([:])
        var configuration = SocketIOConfiguration()
        configuration.reconnect.firstDelayNs = 1_000_000
        configuration.auth = { namespace in
            let number = calls.withLock { calls in
                calls[namespace, default: 0] += 1
                return calls[namespace] ?? 0
            }
            return ["token": .string("\(namespace) \(number)")]
        }
        let client = try SocketIOClient(server.url, configuration)
        _ = try (client.namespace(), client.namespace("/a"))
        let ends = Mutex<[SocketIOEnd]>([])
        let last = await client.run { end, pause in
            ends.withLock { $0.append(end) }
            #expect((pause == nil) == !end.mayReconnect)
        }
        #expect(last == .namespaceRefused(namespace: "/a", payload: ["message": "expired"]))
        #expect(ends.withLock { $0.count } == 3)
        #expect(ends.withLock { $0[1] } == .closedByServer(code: nil, reason: ""))
        await server.stop()
    }

    @Test("a client that runs is not started a second time, and closes its one connection")
    func startedTwice() async throws {
        let sockets = Counter()
        let server = try await TestServer { socket in
            sockets.next()
            await socket.join()
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let root = try client.namespace()
        let first = Task { await client.run() }
        // Also while the first only begins: one of the two runs, and the other is told so.
        async let second = client.connect()
        #expect(await root.waitUntilConnected())
        #expect(await client.connect() == .alreadyRunning)
        #expect(await client.run { _, _ in Issue.record("it was started") } == .alreadyRunning)
        // Those calls have ended nothing.
        #expect(root.isConnected)
        client.close()
        #expect(await [first.value, second].filter { $0 == .closedByClient }.count == 1)
        #expect(await [first.value, second].filter { $0 == .alreadyRunning }.count == 1)
        #expect(sockets.value == 1)
        await server.stop()
    }

    @Test("a certificate that nobody signed is refused, unless any is taken")
    func certificates() async throws {
        let server = try await TestServer(tls: true) { socket in
            await socket.join()
            await socket.send("41")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        for host in ["127.0.0.1", "localhost"] {
            configuration.acceptsAnyCertificate = false
            let refused = await (try SocketIOClient("wss://\(host):\(server.port)", configuration)).connect()
            guard case .tlsFailed(_, isCertificate: true) = refused else {
                Issue.record("not refused: \(refused)")
                continue
            }
            #expect(!refused.mayReconnect)
            configuration.acceptsAnyCertificate = true
            let accepted = await (try SocketIOClient("wss://\(host):\(server.port)", configuration)).connect()
            #expect(accepted == .disconnectedByServer(namespace: "/", payload: nil))
        }
        await server.stop()
    }
}
