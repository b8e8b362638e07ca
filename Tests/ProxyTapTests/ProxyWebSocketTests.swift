import TestSupport
import Testing

@Suite("Proxy: what a WebSocket carries")
struct ProxyWebSocketTests {
    static let request =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\n"
        + "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    static let answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n"
        + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

    @Test("compressed and fragmented messages and the close code pass untouched, and both legs show the same")
    func frames() throws {
        let server = try LoopbackSocket.listening()
        let proxy = try ProxyUnderTest(before: server)
        let client = try proxy.client()
        let accepted = try server.accept()
        try client.send(Self.request)
        #expect(try accepted.receive(exactly: Self.request.utf8.count) == Array(Self.request.utf8))
        let open = #"0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        var fromServer = Array(Self.answer.utf8) + [0x81, UInt8(open.utf8.count)] + Array(open.utf8)
        // "Hello" compressed in two fragments, as RFC 7692, section 7.2.3.1 has it: here no packet, but legal bytes.
        fromServer += [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00]
        // Close with 4001 and a reason.
        fromServer += [0x88, 0x05, 0x0F, 0xA1, 0x62, 0x79, 0x65]
        try accepted.send(fromServer)
        #expect(try client.receive(exactly: fromServer.count) == fromServer)
        // The echo of the close, masked with zeros.
        let echo: [UInt8] = [0x88, 0x82, 0, 0, 0, 0, 0x0F, 0xA1]
        try client.send(echo)
        #expect(try accepted.receive(exactly: echo.count) == echo)
        accepted.close()
        #expect(try client.receive() == .ended)
        client.close()

        let shown = """
            SELECT sender, layer, eio_type, close_code, payload, size_bytes, wire_bytes, flags
            FROM frames JOIN connections ON connections.id = connection_id
            WHERE capture_id = (SELECT id FROM captures WHERE tap = 'proxy-%') ORDER BY frames.id
            """
        let front = try proxy.rows(shown.replacing("%", with: "front"))
        #expect(
            front == [
                "server|engineio|open|NULL|\(open.dropFirst())|\(open.utf8.count)|\(open.utf8.count + 2)|",
                "server|engineio|NULL|NULL|Hello|5|11|fragmented,compressed",
                "server|websocket|NULL|4001|bye|5|7|",
                "client|websocket|NULL|4001|NULL|2|8|",
            ])
        #expect(try proxy.rows(shown.replacing("%", with: "back")) == front)
        #expect(
            try proxy.rows(
                "SELECT captures.kind, tap, sid, end_class, close_code, ended_by"
                    + " FROM sessions JOIN captures ON captures.id = capture_id ORDER BY tap"
            )
                == [
                    "proxy|proxy-back|s1|websocket-close|4001|server",
                    "proxy|proxy-front|s1|websocket-close|4001|server",
                ])
    }
}
