import EngineIO
import Replay
import Testing
import TimelineModel

/// The played server over long-polling, through an upgrade, and where it refuses.
@Suite struct PollingReplayTests {
    static let script = """
        0 S 0{}
        1 C 40
        2 S 40{"sid":"s"}
        100 C 421["hi"]
        105 S 431["ho"]
        110 S 451-["bytes",{"_placeholder":true,"num":0}]
        110 S <0102>
        500 C 42["bye"]
        600 C close
        """

    private func body(_ response: HTTPResponse?) -> String { String(decoding: response?.body ?? [], as: UTF8.self) }

    private func handshake(
        _ lineage: RecordedLineage, _ settings: ReplayServerSettings = .init(), query: String = "EIO=4"
    ) -> PlayedClient {
        var client = PlayedClient(lineage, settings)
        client.request("GET", "/socket.io/?\(query)&transport=polling", on: 100)
        return client
    }

    @Test("all of it over polling") func polling() {
        var client = self.handshake(Recordings.lineage(Recordings.script(Self.script)))
        let sid = "/socket.io/?EIO=4&transport=polling&sid=recorded-1"
        #expect(self.body(client.responses.last).hasPrefix("0{\"sid\":\"recorded-1\",\"upgrades\":[\"websocket\"]"))
        #expect(client.responses.last?.header("access-control-allow-origin") == "http://page.example")
        client.request("POST", sid, "40", on: 100)
        #expect(self.body(client.responses.last) == "ok")
        client.request("GET", sid, on: 101)
        client.run(forMs: 100)
        #expect(self.body(client.responses.last) == "40{\"sid\":\"s\"}")
        client.request("POST", sid, "429[\"hi\"]", on: 100)
        client.run(forMs: 20)
        // Nobody asked: both wait, and come in one payload.
        client.request("GET", sid, on: 101)
        #expect(
            self.body(client.responses.last)
                == "439[\"ho\"]\u{1E}451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]\u{1E}bAQI=")
        client.request("GET", sid, on: 101)
        client.run(forMs: 300)
        client.request("POST", sid, "42[\"bye\"]\u{1E}1", on: 100)
        #expect(client.outcome.isFaithful)
        #expect(client.server.isFinished, "the client has left as recorded, and all is said")
        #expect(self.body(client.responses.last) == "6")
    }

    @Test("probe, noop, upgrade; what waited goes over the WebSocket") func upgrade() {
        var client = self.handshake(Recordings.lineage(Recordings.script(Self.script)))
        let sid = "/socket.io/?EIO=4&transport=polling&sid=recorded-1"
        client.request("POST", sid, "40", on: 100)
        client.run(forMs: 5)
        client.request("GET", sid, on: 100)
        client.request("GET", sid, on: 100)
        client.connect("/socket.io/?EIO=4&transport=websocket&sid=recorded-1")
        client.send("2probe")
        #expect(client.last == ["3probe"])
        #expect(self.body(client.responses.last) == "6")
        client.send("5")
        client.send("427[\"hi\"]")
        client.run(forMs: 20)
        #expect(
            client.last == [
                "3probe", "437[\"ho\"]", "451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]", "<0102>",
            ])
        client.request("GET", sid, on: 100)
        #expect(self.body(client.responses.last) == "{\"code\":3,\"message\":\"Bad request\"}")
        client.run(forMs: 400)
        client.send("42[\"bye\"]")
        client.finish()
        #expect(client.outcome.isFaithful)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let method: String
        let target: String
        let status: Int
        let body: String
        var testDescription: String { "\(self.method) \(self.target)" }

        init(_ method: String, _ target: String, _ status: Int, _ body: String = "") {
            self.method = method
            self.target = target
            self.status = status
            self.body = body
        }
    }

    @Test(
        "refusals are Engine.IO's",
        arguments: [
            Refusal("GET", "/socket.io/?EIO=4&transport=smoke", 400, "{\"code\":0,\"message\":\"Transport unknown\"}"),
            Refusal(
                "GET", "/socket.io/?EIO=4&transport=polling&sid=x", 400,
                "{\"code\":1,\"message\":\"Session ID unknown\"}"),
            Refusal(
                "POST", "/socket.io/?EIO=4&transport=polling", 400, "{\"code\":2,\"message\":\"Bad handshake method\"}"),
            Refusal("GET", "/socket.io/?EIO=4&transport=websocket", 400, "{\"code\":3,\"message\":\"Bad request\"}"),
            Refusal("GET", "/favicon.ico", 404, "no Engine.IO here\n"),
            Refusal("OPTIONS", "/socket.io/?EIO=4&transport=polling", 204),
        ])
    func refusals(refusal: Refusal) {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.script)))
        client.request(refusal.method, refusal.target, on: 3)
        #expect(client.responses.last?.status == refusal.status)
        #expect(self.body(client.responses.last) == refusal.body)
        // None of them is a handshake: the recorded session is still to be had.
        client.connect()
        #expect(client.last.first?.hasPrefix("0{\"sid\":\"recorded-1\"") == true)
    }

    @Test("a handshake of the other version is refused, and ends the replay: the client will not do otherwise")
    func wrongVersion() {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.script)))
        client.request("GET", "/socket.io/?EIO=3&transport=polling", on: 3)
        #expect(client.responses.last?.status == 400)
        #expect(
            self.body(client.responses.last) == "{\"code\":5,\"message\":\"Unsupported protocol version\"}")
        #expect(client.server.isFinished)
        #expect(client.outcome.waitedFor == "the client to connect, by Engine.IO 4")
        #expect(client.outcome.divergences.first?.what == "handshake with EIO=3")
        #expect(client.outcome.matched == 0 && client.outcome.expected > 0)
    }

    @Test("a client that asks for all but a session is waited for until its time, and told what it asked for")
    func noHandshake() {
        var settings = ReplayServerSettings()
        settings.handshakeNs = 30_000_000_000
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.script)), settings)
        for _ in 0..<3 { client.request("GET", "/api", on: 3) }
        client.run(until: 29_999)
        #expect(!client.server.isFinished)
        client.run(until: 30_000)
        #expect(client.server.isFinished)
        #expect(
            client.outcome.waitedFor == "an Engine.IO handshake, for 30.000 s after the client had connected")
        #expect(client.outcome.remarks == ["The client asked for no Engine.IO session, but for GET /api (404)."])
    }

    @Test("cut off before its verdict it says what came, of how much, and what it waited for")
    func partial() {
        var client = PlayedClient(Recordings.lineage(Recordings.script(Self.script)))
        let all = client.server.partialOutcome
        #expect(all.matched == 0 && all.expected > 1)
        #expect(all.waitedFor == "the client to connect")
        client.connect()
        client.send("40")
        let partial = client.server.partialOutcome
        #expect(partial.matched == 1)
        #expect(partial.expected == all.expected)
        #expect(partial.divergences.isEmpty, "what may still come is not missing")
        #expect(partial.waitedFor?.hasSuffix(" of the client") == true)
    }

    @Test("JSONP answers are scripts") func jsonp() {
        let client = self.handshake(Recordings.lineage(Recordings.script(Self.script)), query: "EIO=4&j=7")
        #expect(self.body(client.responses.last).hasPrefix("___eio[7](\"0{\\\"sid\\\""))
        #expect(client.responses.last?.header("Content-Type") == "text/javascript; charset=UTF-8")
    }

    @Test("version 3 counts UTF-16 units, and sends binary unless asked for base64", arguments: [true, false])
    func version3(base64: Bool) {
        let script = """
            0 S 0{}
            0 S 40
            1 C 42["grüße 😀"]
            2 S 42["x😀"]
            3 S 451-["b",{"_placeholder":true,"num":0}]
            3 S <ff>
            """
        let query = "EIO=3" + (base64 ? "&b64=1" : "")
        var client = self.handshake(Recordings.lineage(Recordings.script(script, version: 3)), query: query)
        let sid = "/socket.io/?\(query)&transport=polling&sid=recorded-1"
        client.request("POST", sid, "14:42[\"grüße 😀\"]", on: 100)
        client.run(forMs: 20)
        client.request("GET", sid, on: 100)
        let bytes = client.responses.last?.body ?? []
        if base64 {
            #expect(
                self.body(client.responses.last)
                    == "2:409:42[\"x😀\"]39:451-[\"b\",{\"_placeholder\":true,\"num\":0}]6:b4/w==")
        } else {
            #expect(bytes.prefix(5) == [0, 2, 0xFF, 0x34, 0x30])
            #expect(bytes.suffix(5) == [1, 2, 0xFF, 4, 0xFF])
        }
        client.finish()
        #expect(client.outcome.matched == 1)
    }

    @Test("a recorded refusal is given again, with its status and body") func refusedLife() {
        var exchange = ExchangeFacts(
            id: 1, connectionID: 1, method: "GET", target: "/socket.io/?EIO=4&transport=polling",
            requested: Timestamp(nanoseconds: 0))
        exchange.status = 403
        exchange.errorBody = "{\"code\":4,\"message\":\"full\"}"
        let session = Recordings.script(Self.script, began: 1000)
        var client = self.handshake(RecordedLineage(lives: [.refused(exchange), .session(session)]))
        #expect(client.responses.last?.status == 403)
        #expect(self.body(client.responses.last) == "{\"code\":4,\"message\":\"full\"}")
        client.run(forMs: 1000)
        client.request("GET", "/socket.io/?EIO=4&transport=polling", on: 100)
        #expect(client.responses.last?.status == 200)
        #expect(client.outcome.livesDone == 1)
    }

    @Test("further connections are refused, or get the last session again") func afterLast() {
        for policy in ReplayServerSettings.AfterLast.allCases {
            var client = PlayedClient(
                Recordings.lineage(Recordings.script(Self.script)), ReplayServerSettings(afterLast: policy))
            client.connect()
            client.send("40")
            client.run(forMs: 10)
            client.connect()
            switch policy {
            case .refuse:
                #expect(client.last == ["refused 503"])
                #expect(client.outcome.divergences.map(\.what) == ["handshake"])
            case .repeat:
                #expect(client.last.first?.hasPrefix("0{\"sid\":\"recorded-1-2\"") == true)
                client.send("40")
                client.run(forMs: 10)
                #expect(client.said.last == "40{\"sid\":\"s-1\"}")
                #expect(client.outcome.divergences.isEmpty)
            }
        }
    }

    @Test("a session that ended with an HTTP status ends so again") func httpEnd() {
        var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}")
        session.facts.transports = [.polling]
        session.facts.endClass = .httpError
        session.facts.endedBy = .server
        session.facts.ended = Timestamp(nanoseconds: 200_000_000)
        var exchange = ExchangeFacts(
            id: 1, connectionID: 1, method: "GET", target: "/", requested: Timestamp(nanoseconds: 100_000_000))
        exchange.status = 502
        exchange.errorBody = "bad gateway"
        session.exchanges = [exchange]
        var client = self.handshake(Recordings.lineage(session))
        let sid = "/socket.io/?EIO=4&transport=polling&sid=recorded-1"
        client.request("POST", sid, "40", on: 100)
        client.run(forMs: 5)
        client.request("GET", sid, on: 100)
        client.request("GET", sid, on: 100)
        client.finish()
        #expect(client.responses.last?.status == 502)
        #expect(self.body(client.responses.last) == "bad gateway")
        #expect(client.outcome.isFaithful)
    }
}
