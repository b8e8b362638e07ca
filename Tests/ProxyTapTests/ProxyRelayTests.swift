import Foundation
import TestSupport
import Testing

@Suite("Proxy: what passes", .serialized)
struct ProxyRelayTests {
    let server: LoopbackSocket

    init() throws {
        self.server = try LoopbackSocket.listening()
    }

    /// Sends bytes in random pieces, from a thread of its own.
    private static func sending(_ bytes: [UInt8], on socket: LoopbackSocket, seed: UInt64) -> Aside<Void> {
        Aside {
            var random = SeededRandom(seed: seed)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...20_000, using: &random))
                try socket.send(piece)
                rest = rest.dropFirst(piece.count)
            }
            socket.endOutput()
        }
    }

    @Test("bytes are the same behind it, both ways at once, however they are cut", arguments: [1, 2, 3] as [UInt64])
    func identical(_ seed: UInt64) throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        var random = SeededRandom(seed: seed)
        let up = random.bytes(3_000_000), down = random.bytes(4_000_000)
        let sendings = [
            Self.sending(up, on: client, seed: seed + 10), Self.sending(down, on: accepted, seed: seed + 20),
        ]
        let received = Aside { try accepted.receiveAll() }
        let (answer, end) = try client.receiveAll()
        #expect(answer == down)
        #expect(end == .ended)
        #expect(try received.value().bytes == up)
        for sending in sendings { try sending.value() }
        client.close()
        accepted.close()
        #expect(
            try proxy.rows("SELECT bytes_client, bytes_server, missing_bytes, close_kind FROM connections ORDER BY id")
                == Array(repeating: "3000000|4000000|0|fin", count: 2))
    }

    @Test("a FIN of the client ends that direction alone")
    func clientEndsFirst() throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        try client.send("request")
        client.endOutput()
        let (request, end) = try accepted.receiveAll()
        #expect(String(decoding: request, as: UTF8.self) == "request")
        #expect(end == .ended)
        try accepted.send("late answer")
        accepted.close()
        #expect(try client.receiveText() == "late answer")
        #expect(
            try proxy.rows("SELECT close_kind, closed_by FROM connections") == ["fin|client", "fin|client"])
    }

    @Test("a FIN of the server ends that direction alone")
    func serverEndsFirst() throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        try client.send("q")
        #expect(try accepted.receive(exactly: 1) == Array("q".utf8))
        try accepted.send("answer")
        accepted.endOutput()
        #expect(try client.receiveText() == "answer")
        try client.send([UInt8](repeating: 0x78, count: 200_000))
        client.close()
        #expect(try accepted.receiveAll().bytes.count == 200_000)
        #expect(
            try proxy.rows("SELECT close_kind, closed_by FROM connections") == ["fin|server", "fin|server"])
    }

    @Test("a reset reaches the other end as a reset, behind the bytes before it", arguments: ["client", "server"])
    func reset(_ by: String) throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        try client.send("q")
        #expect(try accepted.receive(exactly: 1) == Array("q".utf8))
        try accepted.send("a")
        #expect(try client.receive(exactly: 1) == Array("a".utf8))
        let (resetting, other) = by == "client" ? (client, accepted) : (accepted, client)
        try resetting.send("last words")
        #expect(try other.receive(exactly: 10).count == 10)
        resetting.reset()
        #expect(try other.receive() == .reset)
        #expect(try proxy.rows("SELECT close_kind, closed_by FROM connections") == ["rst|\(by)", "rst|\(by)"])
    }

    @Test("a reset behind a FIN is not lost")
    func resetAfterEnd() throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        try client.send("q")
        client.endOutput()
        #expect(try accepted.receiveAll().end == .ended)
        try accepted.send("a")
        #expect(try client.receive(exactly: 1).count == 1)
        client.reset()
        // The server learns of it by its writes.
        #expect(throws: LoopbackSocket.Failure.self) {
            while true { try accepted.send([UInt8](repeating: 0, count: 1_000)) }
        }
        try proxy.stop()
    }

    @Test("a client that does not read stops the server from sending, and loses nothing")
    func backPressure() throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        let limit = 256 << 20
        let sent = try accepted.sendUntilFull(limit: limit)
        // What four sockets' buffers of the kernel take, at most 6 MB each by default, and a little of the proxy's.
        #expect(sent < 48 << 20)
        accepted.endOutput()
        #expect(try client.receiveAll().bytes.count == sent)
        client.close()
        #expect(try proxy.rows("SELECT bytes_server FROM connections") == ["\(sent)", "\(sent)"])
    }

    @Test("many connections at once keep apart")
    func many() throws {
        let proxy = try ProxyUnderTest(before: self.server)
        let server = self.server
        let count = 200
        let echo = Aside {
            let accepted = try (0..<count).map { _ in try server.accept() }
            for socket in accepted { try socket.send(try socket.receive(exactly: 8)) }
            return accepted
        }
        let clients = try (0..<count).map { _ in try proxy.client() }
        for (number, client) in clients.enumerated() { try client.send(String(format: "%08d", number)) }
        for (number, client) in clients.enumerated() {
            #expect(try client.receive(exactly: 8) == Array(String(format: "%08d", number).utf8))
        }
        for socket in try echo.value() { socket.close() }
        for client in clients { client.close() }
        #expect(
            try proxy.rows("SELECT count(*), sum(bytes_client), sum(bytes_server) FROM connections GROUP BY capture_id")
                == ["200|1600|1600", "200|1600|1600"])
    }

    @Test("what finds no room before the decoder passes all the same, and is counted as missing")
    func noRoom() throws {
        let proxy = try ProxyUnderTest(to: "http://127.0.0.1:\(self.server.port)", queueBytes: 0)
        let client = try proxy.client()
        let accepted = try self.server.accept()
        try client.send(ProxyWebSocketTests.request)
        let count = ProxyWebSocketTests.request.utf8.count
        #expect(try accepted.receive(exactly: count) == Array(ProxyWebSocketTests.request.utf8))
        try accepted.send("answer")
        accepted.close()
        #expect(try client.receiveText() == "answer")
        client.close()
        #expect(
            try proxy.rows("SELECT missing_bytes, close_kind FROM connections")
                == ["\(count + 6)|fin", "\(count + 6)|fin"])
        #expect(try proxy.rows("SELECT dropped_packets > 1 FROM captures") == ["1", "1"])
    }
}
