import EngineIO
import NIOCore
import NIOHTTP1
import NIOPosix
import SocketIO
import SocketIOClient
import Testing

/// What a server does, and how the client's connection ends.
private struct EndCase: CustomTestStringConvertible, Sendable {
    let name: String
    var refusal: TestServer.Refusal?
    var headers: HTTPHeaders = [:]
    var play: @Sendable (ServerSocket) async -> Void = { _ in }
    let end: SocketIOEnd
    let mayReconnect: Bool
    var testDescription: String { self.name }

    static let all: [EndCase] = [
        EndCase(
            name: "403 with Node's JSON",
            refusal: .init(status: .forbidden, body: #"{"code":4,"message":"Forbidden"}"#),
            end: .refused(
                HandshakeRefusal(
                    status: 403, code: 4, message: "Forbidden", body: #"{"code":4,"message":"Forbidden"}"#)),
            mayReconnect: false),
        EndCase(
            name: "400 with python's text",
            refusal: .init(status: .badRequest, body: #""Invalid session""#),
            end: .refused(HandshakeRefusal(status: 400, message: "Invalid session", body: #""Invalid session""#)),
            mayReconnect: false),
        EndCase(
            name: "503 without a body", refusal: .init(status: .serviceUnavailable),
            end: .refused(HandshakeRefusal(status: 503)), mayReconnect: true),
        EndCase(
            name: "429", refusal: .init(status: .tooManyRequests, body: "slow"),
            end: .refused(HandshakeRefusal(status: 429, body: "slow")), mayReconnect: true),
        EndCase(
            name: "401 whose body does not end", refusal: .init(status: .unauthorized, body: "no token", ends: false),
            end: .refused(HandshakeRefusal(status: 401, body: "no token")), mayReconnect: false),
        EndCase(
            name: "a redirect is not followed",
            refusal: .init(status: .found, headers: ["Location": "/login"]),
            end: .refused(HandshakeRefusal(status: 302, location: "/login")), mayReconnect: true),
        EndCase(
            name: "an extension that was not offered", headers: ["Sec-WebSocket-Extensions": "permessage-deflate"],
            end: .badHandshake("it switches on an extension that was not offered"), mayReconnect: true),
        EndCase(
            name: "no open packet", play: { _ = await $0.rest() }, end: .engineIO(.openTimeout(afterMs: 300)),
            mayReconnect: true),
        EndCase(
            name: "another packet before open", play: { await $0.send("40") },
            end: .engineIO(.unexpectedBeforeOpen(.message)), mayReconnect: true),
        EndCase(
            name: "an Engine.IO close packet",
            play: {
                await $0.join(); await $0.send("1")
            },
            end: .engineIO(.closedByServer), mayReconnect: true),
        EndCase(
            name: "an Engine.IO packet of no type",
            play: {
                await $0.join(); await $0.send("x")
            },
            end: .engineIO(.malformedPacket(.unknownType(0x78))), mayReconnect: true),
        EndCase(
            name: "a Socket.IO packet of no type",
            play: {
                await $0.join(); await $0.send("49")
            },
            end: .socketIO(.malformed(.unknownType(0x39))), mayReconnect: true),
        EndCase(
            name: "orphan binary",
            play: {
                await $0.join(); await $0.send(binary: [1])
            },
            end: .socketIO(.orphanAttachment(bytes: 1)), mayReconnect: true),
        EndCase(
            name: "CONNECT_ERROR",
            play: {
                await $0.open(); await $0.send(#"44{"message":"no"}"#)
            },
            end: .namespaceRefused(namespace: "/", payload: ["message": "no"]), mayReconnect: false),
        EndCase(
            name: "CONNECT without a sid",
            play: {
                await $0.open(); await $0.send("40")
            },
            end: .serverTooOld(namespace: "/"), mayReconnect: false),
        EndCase(
            name: "DISCONNECT",
            play: {
                await $0.join(); await $0.send("41")
            },
            end: .disconnectedByServer(namespace: "/", payload: nil), mayReconnect: false),
        EndCase(
            name: "Node's empty close frame",
            play: {
                await $0.join(); await $0.close(nil)
            },
            end: .closedByServer(code: nil, reason: ""), mayReconnect: true),
        EndCase(
            name: "a close frame with a reason",
            play: {
                await $0.join(); await $0.close(4000, "bye")
            },
            end: .closedByServer(code: 4000, reason: "bye"), mayReconnect: true),
        EndCase(
            name: "a message over the limit",
            play: {
                await $0.join(); await $0.send("4" + String(repeating: "x", count: 5000))
            },
            end: .messageTooBig(limitBytes: 4096), mayReconnect: true),
        EndCase(
            name: "fragments over the limit together",
            play: {
                await $0.join()
                await $0.write(.text, ByteBuffer(repeating: 0x34, count: 3000), fin: false)
                await $0.write(.continuation, ByteBuffer(repeating: 0x34, count: 3000))
            },
            end: .messageTooBig(limitBytes: 4096), mayReconnect: true),
        EndCase(
            name: "text that is no UTF-8",
            play: {
                await $0.join(); await $0.write(.text, ByteBuffer(bytes: [0x34, 0xFF]))
            },
            end: .webSocketFailed("a text message is no UTF-8"), mayReconnect: true),
        EndCase(
            name: "a reserved bit",
            play: {
                await $0.join(); await $0.write(.text, ByteBuffer(string: "6"), rsv1: true)
            },
            end: .webSocketFailed("a reserved bit of a frame is set"), mayReconnect: true),
        EndCase(
            name: "a continuation of nothing",
            play: {
                await $0.join(); await $0.write(.continuation, ByteBuffer(string: "6"))
            },
            end: .webSocketFailed("a continuation without a beginning"), mayReconnect: true),
        EndCase(
            name: "the stream ends",
            play: {
                await $0.join(); await $0.drop()
            },
            end: .connectionLost("the server ended the stream"), mayReconnect: true),
    ]
}

@Suite("Ends of connections", .timeLimit(.minutes(10)))
struct EndTests {
    @Test("are what the server did", arguments: EndCase.all)
    private func ends(_ c: EndCase) async throws {
        let server = try await TestServer(refusal: c.refusal, extraHeaders: c.headers, c.play)
        var configuration = SocketIOConfiguration()
        // Short where it is to pass; elsewhere a busy machine must not make it.
        configuration.openTimeoutMs = c.end == .engineIO(.openTimeout(afterMs: 300)) ? 300 : 60_000
        if c.refusal?.ends == false { configuration.connectTimeoutMs = 2_000 }
        configuration.closeTimeoutMs = 200
        configuration.readLimit = 4096
        let end = await (try SocketIOClient(server.url, configuration)).connect()
        #expect(end == c.end)
        #expect(end.mayReconnect == c.mayReconnect)
        #expect(!end.isClean)
        await server.stop()
    }

    @Test("an auth callback that throws sends nothing")
    func authFails() async throws {
        struct Failure: Error, CustomStringConvertible { let description = "no token" }
        var configuration = SocketIOConfiguration()
        configuration.auth = { _ in throw Failure() }
        #expect(await (try SocketIOClient("ws://127.0.0.1:1", configuration)).connect() == .authFailed("no token"))
    }

    @Test("headers of one name are all sent; one that the handshake has, too, takes its place")
    func headers() async throws {
        let seen = AsyncStream<HTTPHeaders>.makeStream()
        let server = try await TestServer { socket in
            seen.continuation.yield(socket.headers)
            await socket.drop()
        }
        var configuration = SocketIOConfiguration()
        configuration.headers = [("Cookie", "a=1"), ("cookie", "b=2"), ("User-Agent", "mine")]
        _ = await (try SocketIOClient(server.url, configuration)).connect()
        for await headers in seen.stream {
            #expect(headers["Cookie"] == ["a=1", "b=2"])
            #expect(headers["User-Agent"] == ["mine"])
            #expect(headers["Upgrade"] == ["websocket"])
            break
        }
        await server.stop()
    }

    @Test("nobody listens")
    func unreachable() async throws {
        let server = try await TestServer()
        await server.stop()
        let end = await (try SocketIOClient(server.url)).connect()
        #expect(end == .unreachable("Connection refused"))
        #expect(end.mayReconnect)
    }

    @Test("closing while the server does not answer the handshake")
    func closedWhileDialing() async throws {
        let accepted = AsyncStream<any Channel>.makeStream()
        let silent = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                accepted.continuation.yield(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = SocketIOConfiguration()
        configuration.connectTimeoutMs = 600_000
        let client = try SocketIOClient("ws://127.0.0.1:\(silent.localAddress?.port ?? 0)", configuration)
        async let end = client.connect()
        for await channel in accepted.stream {
            client.close()
            #expect(await end == .closedByClient)
            // The client's own end of the connection is closed, too.
            try await channel.closeFuture.get()
            break
        }
        try await silent.close()
    }

    @Test(
        "closing or cancelling while the auth callback is at work, whether it heeds that or not",
        arguments: [true, false])
    func closedWhileAuthIsMade(_ closes: Bool) async throws {
        let (asked, gate, cancelled) = (
            AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream(), AsyncStream<Bool>.makeStream()
        )
        var configuration = SocketIOConfiguration()
        configuration.auth = { _ in
            asked.continuation.yield()
            // A task that nobody cancels.
            await Task.detached { for await _ in gate.stream { break } }.value
            cancelled.continuation.yield(Task.isCancelled)
            return nil
        }
        // Nobody is asked for a connection.
        let client = try SocketIOClient("ws://127.0.0.1:1", configuration)
        let running = Task { await client.run() }
        for await _ in asked.stream { break }
        if closes { client.close() } else { running.cancel() }
        #expect(await running.value == .closedByClient)
        gate.continuation.yield()
        for await isCancelled in cancelled.stream {
            #expect(isCancelled)
            break
        }
    }

    @Test("closing before the connection is there; and a client that is closed stays so")
    func closedEarly() async throws {
        let server = try await TestServer { _ = await $0.rest() }
        let client = try SocketIOClient(server.url)
        client.close()
        #expect(await client.run() == .closedByClient)
        await server.stop()
    }
}
