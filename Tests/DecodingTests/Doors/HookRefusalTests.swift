import Decoding
import Testing
import TimelineModel

@Suite("Handshakes in hook logs that no WebSocket came of")
struct HookRefusalTests {
    private static let open =
        #"{"at_ns":1000,"session":"a","kind":"open","url":"ws://h:80/socket.io/?EIO=4&transport=websocket","client":"c/1"}"#

    private func decode(_ lines: String...) throws -> TimelineBatch {
        let decoder = HookLogDecoder(CaptureFacts(kind: .hook, source: "log"))
        var all = TimelineBatch()
        let text = Array(lines.map { $0 + "\n" }.joined().utf8)
        func take(_ batch: TimelineBatch) {
            all.exchanges += batch.exchanges
            all.connections += batch.connections
            all.sessions += batch.sessions
            all.frames += batch.frames
        }
        decoder.feed(text.span, take)
        try decoder.finish(take)
        return all
    }

    @Test("an answer is an exchange with what its body says")
    func refused() throws {
        let rows = try self.decode(
            Self.open,
            #"{"at_ns":3000,"session":"a","kind":"close","code":1006,"end":"http-error","status":403,"body":"{\"code\":4,\"message\":\"Forbidden\"}"}"#
        )
        let exchange = try #require(rows.exchanges.first)
        #expect(rows.exchanges.count == 1)
        #expect(exchange.method == "GET")
        #expect(exchange.target == "/socket.io/?EIO=4&transport=websocket")
        #expect(exchange.status == 403)
        #expect(exchange.requested.nanoseconds == 1000)
        #expect(exchange.responded?.nanoseconds == 3000)
        #expect((exchange.errorCode, exchange.errorMessage) == (4, "Forbidden"))
        #expect(exchange.userAgent == "c/1")
        #expect(exchange.connectionID == rows.connections.first?.id)
        #expect(rows.connections.last?.application == .http)
        #expect(rows.sessions.isEmpty)
        #expect(rows.frames.isEmpty)
    }

    @Test("a connection that ends without a message or an answer is nobody's WebSocket")
    func silent() throws {
        let rows = try self.decode(Self.open, #"{"at_ns":3000,"session":"a","kind":"close","code":1006}"#)
        #expect(rows.exchanges.isEmpty)
        #expect(rows.connections.last?.application == .unknown)
    }

    @Test("one that had a message is a WebSocket, whatever its end says")
    func hadMessages() throws {
        let rows = try self.decode(
            Self.open, #"{"at_ns":2000,"session":"a","kind":"message","sender":"server","text":"0{\"sid\":\"s\"}"}"#,
            #"{"at_ns":3000,"session":"a","kind":"close","code":1006,"end":"fin","status":500}"#)
        #expect(rows.exchanges.isEmpty)
        #expect(rows.connections.last?.application == .websocket)
    }
}
