import Testing
import TimelineModel

@Suite("HTTP of a connection")
struct PollingTests {
    @Test("a session that polls")
    func session() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        traffic.exchange(connection, Peer.post(Peer.polling + "&sid=a", "40"), Peer.answer("200 OK", "ok"))
        traffic.exchange(
            connection, Peer.get(Peer.polling + "&sid=a"),
            Peer.answer("200 OK", "40{\"sid\":\"x\"}\u{1E}42[\"tick\",1]"))
        traffic.exchange(
            connection, Peer.post(Peer.polling + "&sid=a", "42[\"a\"]\u{1E}bAQID"), Peer.answer("200 OK", "ok"))
        let output = try traffic.decoded()
        #expect(output.codes == ["socketio.orphan-attachment"])
        #expect(
            output.lines == [
                "< lp open {\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}",
                "> lp message connect", "< lp message connect {\"sid\":\"x\"} (batched)",
                "< lp message event [\"tick\",1] (batched)", "> lp message event [\"a\"] (batched)",
                "> lp message [1, 2, 3] (batched)",
            ])
        #expect(output.sessions.map(\.sid) == ["a"])
        #expect(output.latestExchanges.map(\.sessionID) == [1, 1, 1, 1])
        #expect(output.latestExchanges.map(\.status) == [200, 200, 200, 200])
        #expect(output.frames.map(\.exchangeID) == [1, 2, 3, 3, 4, 4])
    }

    @Test("several sessions over one connection of a proxy")
    func proxy() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        for sid in ["a", "b", "c"] {
            traffic.exchange(
                connection, Peer.get(Peer.polling, "User-Agent: \(sid)"), Peer.answer("200 OK", Peer.open(sid)))
        }
        // Requests one after the other, without waiting; the answers in the same order.
        traffic.send(connection, .client, Peer.get(Peer.polling + "&sid=b") + Peer.get(Peer.polling + "&sid=a"))
        traffic.send(connection, .server, Peer.answer("200 OK", "42[\"b\"]") + Peer.answer("200 OK", "42[\"a\"]"))
        traffic.exchange(connection, Peer.post(Peer.polling + "&sid=c", "42[\"c\"]"), Peer.answer("200 OK", "ok"))
        let output = try traffic.decoded()
        #expect(output.anomalies.isEmpty)
        #expect(output.sessions.map(\.sid) == ["a", "b", "c"])
        #expect(output.frames.map(\.sessionID) == [1, 2, 3, 2, 1, 3])
        #expect(output.frames.suffix(3).map(\.event) == ["b", "a", "c"])
        #expect(output.connections.count == 1)
    }

    @Test(
        "a payload of version 4 in a session of version 3 is told from one that is merely broken",
        arguments: [
            ("4a\u{1E}4b", true), ("4a", false), ("x\u{1E}4b", false), ("9:4a\u{1E}4b", false),
        ])
    func wrongVersion(_ body: String, isVersion4: Bool) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let target = "/socket.io/?EIO=3&transport=polling"
        let open = Peer.open("a")
        traffic.exchange(connection, Peer.get(target), Peer.answer("200 OK", "\(open.utf8.count):\(open)"))
        traffic.exchange(connection, Peer.post(target + "&sid=a", body), Peer.answer("200 OK", "ok"))
        let details = try traffic.decoded().anomalies.map(\.detail)
        #expect(details.count == 1)
        #expect(details.allSatisfy { $0.hasSuffix("as in Engine.IO 4") == isVersion4 })
    }

    @Test(
        "a wrong length of version 3 has a code of its own",
        arguments: [("4:4\u{20AC}", "engineio.length-mismatch"), ("hello", "engineio.malformed-payload")])
    func wrongLength(_ body: String, code: String) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let target = "/socket.io/?EIO=3&transport=polling"
        let open = Peer.open("a")
        traffic.exchange(connection, Peer.get(target), Peer.answer("200 OK", "\(open.utf8.count):\(open)"))
        traffic.exchange(connection, Peer.post(target + "&sid=a", body), Peer.answer("200 OK", "ok"))
        let output = try traffic.decoded()
        #expect(output.codes == [code])
        #expect(
            output.anomalies.allSatisfy {
                $0.detail.hasPrefix("body of the client: ") && $0.detail.contains(" at offset 0 of the body")
            })
    }

    @Test("JSONP, both ways")
    func jsonp() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let target = Peer.polling + "&j=0"
        let open = Peer.open("a").replacing("\"", with: "\\\"")
        traffic.exchange(connection, Peer.get(target), Peer.answer("200 OK", "___eio[0](\"\(open)\");"))
        traffic.exchange(
            connection,
            Peer.post(
                target + "&sid=a", "d=42%5B%22a%22%2C%22x%5C%5Cny%22%5D",
                "Content-Type: application/x-www-form-urlencoded"),
            Peer.answer("200 OK", "ok"))
        traffic.exchange(
            connection, Peer.get(target + "&sid=a"), Peer.answer("200 OK", "___eio[0](\"42[\\\"b\\\"]\\u001e2\");"))
        let output = try traffic.decoded()
        #expect(output.anomalies.isEmpty)
        #expect(
            output.lines.dropFirst() == [
                "> lp message event [\"a\",\"x\\ny\"]", "< lp message event [\"b\"] (batched)", "< lp ping (batched)",
            ])
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let name: String
        let request: String
        let status: String
        let body: String
        var code: Int?
        var message: String?
        var lines: [String] = []
        var testDescription: String { self.name }
    }

    static let refusals: [Refusal] = [
        Refusal(
            name: "an unknown transport", request: Peer.get("/socket.io/?EIO=4&transport=smoke"),
            status: "400 Bad Request",
            body: "{\"code\":0,\"message\":\"Transport unknown\"}", code: 0, message: "Transport unknown"),
        Refusal(
            name: "an unknown session", request: Peer.get(Peer.polling + "&sid=nobody"), status: "400 Bad Request",
            body: "{\"code\":1,\"message\":\"Session ID unknown\"}", code: 1, message: "Session ID unknown"),
        Refusal(
            name: "a packet to an unknown session", request: Peer.post(Peer.polling + "&sid=nobody", "3"),
            status: "400 Bad Request", body: "{\"code\":1,\"message\":\"Session ID unknown\"}", code: 1,
            message: "Session ID unknown", lines: ["> lp pong"]),
        Refusal(
            name: "a WebSocket", request: Peer.upgrade(Peer.socketIO), status: "403 Forbidden",
            body: "{\"code\":4,\"message\":\"Forbidden\"}", code: 4, message: "Forbidden"),
        Refusal(
            name: "Python's text", request: Peer.get(Peer.polling), status: "400 BAD REQUEST",
            body: "\"Invalid session\"",
            message: "Invalid session"),
        Refusal(name: "a page", request: Peer.get(Peer.polling), status: "502 Bad Gateway", body: "<html>nginx</html>"),
        Refusal(name: "nothing", request: Peer.get(Peer.polling), status: "401 Unauthorized", body: ""),
    ]

    @Test("refusals leave connection, request and answer, and no session", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, refusal.request, Peer.answer(refusal.status, refusal.body))
        // The connection goes on with something else.
        traffic.exchange(connection, Peer.get("/"), Peer.answer("200 OK", "ok"))
        let output = try traffic.decoded()
        #expect(output.sessions.isEmpty)
        #expect(output.connections.count == 1)
        let exchange = try #require(output.latestExchanges.first)
        #expect(output.latestExchanges.count == 1)
        #expect(exchange.status == Int(refusal.status.prefix(3)))
        #expect(exchange.errorCode == refusal.code)
        #expect(exchange.errorMessage == refusal.message)
        #expect(exchange.errorBody == (refusal.body.isEmpty ? nil : refusal.body))
        #expect(output.lines == refusal.lines)
        #expect(output.frames.allSatisfy { $0.sessionID == nil })
        #expect(output.facts.otherRequests == 1)
    }

    @Test("HTTP that is not Engine.IO is counted and no more")
    func other() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        for index in 0..<5 {
            traffic.exchange(
                connection, Peer.post("/api/\(index)", "0{\"sid\":\"x\"}"),
                Peer.answer("200 OK", String(repeating: "x", count: 3000)))
        }
        traffic.exchange(
            connection, Peer.request("HEAD", "/", [], nil), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        traffic.exchange(connection, Peer.get("/"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
        traffic.exchange(connection, Peer.get("/"), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        let output = try traffic.decoded()
        #expect(output.facts.otherRequests == 8)
        #expect(output.connections.map(\.otherRequests) == [8])
        #expect(output.exchanges.isEmpty)
        #expect(output.frames.isEmpty)
        #expect(output.anomalies.isEmpty)
    }

    struct Body: CustomTestStringConvertible, Sendable {
        let name: String
        /// Behind the head's first line.
        let answer: String
        var closes = true
        let lines: [String]
        var codes: [String] = []
        var testDescription: String { self.name }
    }

    static let bodies: [Body] = [
        Body(
            name: "a length", answer: "Content-Length: 10\r\n\r\n42[\"tick\"", lines: [],
            codes: ["http.incomplete-body"]),
        Body(
            name: "a length, whole", answer: "Content-Length: 10\r\n\r\n42[\"tick\"]",
            lines: ["< lp message event [\"tick\"]"]),
        Body(
            name: "until close", answer: "Connection: close\r\n\r\n42[\"tick\"]",
            lines: ["< lp message event [\"tick\"]"]),
        Body(
            name: "until close, which is not seen", answer: "Connection: close\r\n\r\n42[\"tick\"]", closes: false,
            lines: []),
        Body(
            name: "chunks", answer: "Transfer-Encoding: chunked\r\n\r\n4\r\n42[\"\r\n6\r\ntick\"]\r\n0\r\n\r\n",
            lines: ["< lp message event [\"tick\"]"]),
        Body(
            name: "chunks without the last", answer: "Transfer-Encoding: chunked\r\n\r\n4\r\n42[\"\r\n6\r\ntick\"]\r\n",
            lines: [], codes: ["http.incomplete-body"]),
        Body(
            name: "a broken gzip", answer: "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", lines: [],
            codes: ["http.undecodable-body"]),
        Body(name: "nothing", answer: "Content-Length: 0\r\n\r\n", lines: [], codes: ["engineio.empty-payload"]),
    ]

    @Test("the body of an answer", arguments: bodies)
    func body(_ body: Body) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        traffic.exchange(connection, Peer.get(Peer.polling + "&sid=a"), "HTTP/1.1 200 OK\r\n" + body.answer)
        if body.closes { traffic.fin(connection, .server) }
        let output = try traffic.decoded()
        #expect(Array(output.lines.dropFirst()) == body.lines)
        #expect(output.codes == body.codes)
    }

    struct Cut: CustomTestStringConvertible, Sendable {
        let name: String
        let endClass: EndClass
        var endedBy: Sender?
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        var testDescription: String { self.name }
    }

    static let cuts: [Cut] = [
        Cut(name: "the server closes under a poll", endClass: .fin, endedBy: .server) {
            $0.send($1, .client, Peer.get(Peer.polling + "&sid=a"))
            $0.fin($1, .server)
        },
        Cut(name: "the client gives a poll up", endClass: .fin, endedBy: .client) {
            $0.send($1, .client, Peer.get(Peer.polling + "&sid=a"))
            $0.fin($1, .client)
            $0.fin($1, .server)
        },
        Cut(name: "a reset in the middle of an answer", endClass: .rst, endedBy: .server) {
            $0.exchange($1, Peer.get(Peer.polling + "&sid=a"), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n42")
            $0.reset($1, .server)
        },
        Cut(name: "a connection that closes between polls says nothing", endClass: .captureEnd) {
            $0.exchange($1, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", "6"))
            $0.fin($1, .server)
        },
        Cut(name: "the next poll works", endClass: .captureEnd) {
            $0.send($1, .client, Peer.get(Peer.polling + "&sid=a"))
            $0.fin($1, .server)
            let next = $0.open(clientPort: 50_001)
            $0.exchange(next, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", "6"))
        },
        Cut(name: "a refusal", endClass: .httpError, endedBy: .server) {
            $0.exchange($1, Peer.get(Peer.polling + "&sid=a"), Peer.answer("400 Bad Request", "{\"code\":1}"))
        },
    ]

    @Test("how a session that polls ends", arguments: cuts)
    func cut(_ cut: Cut) throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        cut.make(&traffic, connection)
        let sessions = try traffic.decoded().sessions
        #expect(sessions.map(\.endClass) == [cut.endClass])
        #expect(sessions.map(\.endedBy) == [cut.endedBy])
    }
}
