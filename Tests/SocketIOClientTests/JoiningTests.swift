import SocketIO
import SocketIOClient
import Synchronization
import TestSupport
import Testing

/// Which namespaces are joined when a client connects again, by itself or because the user says so.
@Suite("Joining again", .timeLimit(.minutes(10)))
struct JoiningTests {
    @Test("a CONNECT without an answer is sent again with the reconnect, with fresh auth")
    func unanswered() async throws {
        let server = try await TestServer { socket in
            await socket.open()
            #expect(await socket.next() == .text(#"40{"attempt":\#(socket.number)}"#))
            guard socket.number > 1 else {
                _ = await socket.rest()
                return
            }
            await socket.send(#"40{"sid":"s"}"#)
            await socket.send("41")
            _ = await socket.rest()
        }
        let attempts = Counter()
        var configuration = SocketIOConfiguration()
        configuration.auth = { _ in ["attempt": SocketIOValue(attempts.next())] }
        configuration.limits.connectTimeoutNs = 500_000_000
        configuration.reconnect.firstDelayNs = 1_000_000
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        // Whoever waits does so beyond the reconnect.
        async let joined = root.waitUntilConnected()
        let ends = Mutex<[SocketIOEnd]>([])
        let last = await client.run { end, _ in ends.withLock { $0.append(end) } }
        #expect(last == .disconnectedByServer(namespace: "/", payload: nil))
        // A busy machine may be late with the second answer, too.
        let earlier = Set(ends.withLock { $0.dropLast() }.map(\.description))
        #expect(earlier == [SocketIOEnd.namespaceUnanswered(namespace: "/").description])
        #expect(await joined)
        await server.stop()
    }

    private static let refusal = SocketIOEnd.namespaceRefused(namespace: "/", payload: "no")

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// What the first connection's server does once the CONNECT has come.
        let says: [String]
        let end: SocketIOEnd
        var testDescription: String { self.name }
    }

    @Test(
        "connect and run join again what the server had refused or ended",
        arguments: [
            Case(name: "refused", says: [#"44"no""#], end: refusal),
            Case(
                name: "ended", says: [#"40{"sid":"s"}"#, "41"],
                end: .disconnectedByServer(namespace: "/", payload: nil)),
            Case(name: "left", says: [#"40{"sid":"s"}"#, #"42["leave"]"#], end: .leftAllNamespaces),
        ], [false, true])
    func again(_ c: Case, _ runs: Bool) async throws {
        let server = try await TestServer { socket in
            await socket.open()
            #expect(await socket.next() == .text(#"40{"attempt":\#(socket.number)}"#))
            for text in socket.number == 1 ? c.says : [#"40{"sid":"s"}"#, #"42["leave"]"#] { await socket.send(text) }
            _ = await socket.rest()
        }
        let attempts = Counter()
        var configuration = SocketIOConfiguration()
        configuration.auth = { _ in ["attempt": SocketIOValue(attempts.next())] }
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        root.on("leave") { _ in try? await root.disconnect() }
        let first = runs ? await client.run() : await client.connect()
        #expect(first == c.end)
        async let joined = root.waitUntilConnected()
        let second = runs ? await client.run() : await client.connect()
        #expect(second == .leftAllNamespaces)
        #expect(await joined)
        await server.stop()
    }

    @Test("one of several that was left stays left, until it is joined again")
    func left() async throws {
        let server = try await TestServer { socket in
            await socket.open()
            #expect(await socket.next() == .text("40"))
            if socket.number != 2 {
                #expect(await socket.next() == .text("40/a,"))
                await socket.send(#"40/a,{"sid":"a"}"#)
            }
            await socket.send(#"40{"sid":"s"}"#)
            if socket.number == 1 {
                #expect(await socket.next() == .text("41/a,"))
            }
            await socket.send("41")
            if socket.number == 3 { await socket.send("41/a,") }
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let (root, a) = try (client.namespace(), client.namespace("/a"))
        a.onConnect { _ in
            guard root.sid == nil else { return }
            try? await a.disconnect()
        }
        #expect(await client.connect() == .disconnectedByServer(namespace: "/", payload: nil))
        a.onConnect { _ in }
        #expect(await client.connect() == .disconnectedByServer(namespace: "/", payload: nil))
        await #expect(throws: SocketIOEmitError.request(.notConnected(namespace: "/a"))) { try await a.connect() }
        #expect(await client.connect() == .disconnectedByServer(namespace: "/a", payload: nil))
        await server.stop()
    }

    @Test("a client that leaves its namespace while there is no connection ends")
    func leftMeanwhile() async throws {
        let server = try await TestServer { socket in
            await socket.join()
            await socket.drop()
        }
        var configuration = SocketIOConfiguration()
        configuration.reconnect.firstDelayNs = 1_000_000
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        let last = await client.run { _, pause in
            if pause != nil { try? await root.disconnect() }
        }
        #expect(last == .leftAllNamespaces)
        await server.stop()
    }

    @Test("nobody waits for a namespace that the server refused while another lives")
    func noWait() async throws {
        let server = try await TestServer { socket in
            await socket.open()
            _ = await (socket.next(), socket.next())
            await socket.send(#"40{"sid":"s"}"#)
            await socket.send(#"44/deny,"no""#)
            #expect(await socket.next() == .text(#"42["seen"]"#))
            // It is asked for by hand, and then one waits.
            #expect(await socket.next() == .text("40/deny,"))
            await socket.send(#"40/deny,{"sid":"d"}"#)
            await socket.send("41/deny,")
            #expect(await socket.next() == .text(#"42["seen"]"#))
            await socket.send("41")
            _ = await socket.rest()
        }
        let client = try SocketIOClient(server.url)
        let (root, deny) = try (client.namespace(), client.namespace("/deny"))
        async let end = client.connect()
        // Some wait before the refusal, some behind it.
        #expect(await !deny.waitUntilConnected())
        #expect(await root.waitUntilConnected())
        #expect(await !deny.waitUntilConnected())
        try await root.emit("seen")
        let ended = AsyncStream<Void>.makeStream()
        deny.onEnd { _ in ended.continuation.yield() }
        try await deny.connect()
        for await _ in ended.stream { break }
        #expect(await !deny.waitUntilConnected())
        try await root.emit("seen")
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
    }

    /// An auth callback that waits where it is told to.
    private struct Gate {
        let asked = AsyncStream<Void>.makeStream()
        let open = AsyncStream<Void>.makeStream()

        func pass() async {
            self.asked.continuation.yield()
            for await _ in self.open.stream { break }
        }
    }

    @Test("what is made while the connection is dialled is joined, and what is left is left")
    func whileDialling() async throws {
        let server = try await TestServer { socket in
            await socket.open()
            #expect(await socket.next() == .text("40"))
            #expect(await socket.next() == .text("40/left,"))
            #expect(await socket.next() == .text(#"40/late,{"late":true}"#))
            await socket.send(#"40/left,{"sid":"l"}"#)
            #expect(await socket.next() == .text("41/left,"))
            await socket.send(#"40{"sid":"s"}"#)
            await socket.send(#"40/late,{"sid":"l"}"#)
            #expect(await socket.next() == .text(#"42/late,["seen"]"#))
            await socket.send("41/late,")
            await socket.send("41")
            _ = await socket.rest()
        }
        let gate = Gate()
        var configuration = SocketIOConfiguration()
        configuration.auth = { namespace in
            if namespace == "/" { await gate.pass() }
            return namespace == "/late" ? ["late": true] : nil
        }
        let client = try SocketIOClient(server.url, configuration)
        let (_, left) = try (client.namespace(), client.namespace("/left"))
        async let end = client.connect()
        for await _ in gate.asked.stream { break }
        let late = try client.namespace("/late")
        await #expect(throws: SocketIOEmitError.request(.notConnected(namespace: "/left"))) {
            try await left.disconnect()
        }
        gate.open.continuation.yield()
        #expect(await late.waitUntilConnected())
        try await late.emit("seen")
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        await server.stop()
    }

    @Test(
        "a late namespace whose auth cannot be made does not end the others, nor hold the end up",
        arguments: [true, false])
    func lateAuth(_ fails: Bool) async throws {
        struct Failure: Error, CustomStringConvertible { let description = "no token" }
        let goOn = AsyncStream<Void>.makeStream()
        let server = try await TestServer { socket in
            await socket.join()
            for await _ in goOn.stream { break }
            await socket.send("41")
            #expect(await socket.rest() == [.close(1000)])
        }
        let (gate, late) = (Gate(), Gate())
        var configuration = SocketIOConfiguration()
        configuration.auth = { namespace in
            guard namespace == "/late" else {
                await gate.pass()
                return nil
            }
            if fails { throw Failure() }
            await late.pass()
            return nil
        }
        let client = try SocketIOClient(server.url, configuration)
        _ = try client.namespace()
        async let end = client.connect()
        for await _ in gate.asked.stream { break }
        let ends = Mutex<[SocketIOEnd]>([])
        try client.namespace("/late").onEnd { end in
            ends.withLock { $0.append(end) }
            goOn.continuation.yield()
        }
        gate.open.continuation.yield()
        if !fails {
            for await _ in late.asked.stream { break }
            goOn.continuation.yield()
        }
        #expect(await end == .disconnectedByServer(namespace: "/", payload: nil))
        #expect(ends.withLock { $0 } == (fails ? [.authFailed("no token")] : []))
        await server.stop()
    }
}
