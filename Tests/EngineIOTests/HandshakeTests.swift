import EngineIO
import Testing

@Suite("Handshakes")
struct HandshakeTests {
    private func handshake(_ json: String) -> EngineIOHandshake? { EngineIOHandshake(json: Array(json.utf8).span) }

    @Test("what an open packet says, in any order")
    func whole() throws {
        let open = try #require(
            self.handshake(
                #"{"pingTimeout":20000,"upgrades":["websocket","webtransport"],"sid":"aé","maxPayload":1000000,"pingInterval":25000,"x":1}"#
            ))
        #expect(open.sid == "aé")
        #expect(open.upgrades == ["websocket", "webtransport"])
        #expect((open.pingIntervalMs, open.pingTimeoutMs, open.maxPayload) == (25_000, 20_000, 1_000_000))
    }

    @Test(
        "a number that is none of 64 bits is not there",
        arguments: [
            ("25000", 25_000), ("25000.0", 25_000), ("2.5e4", 25_000), ("0", 0), ("-1", -1),
            ("9223372036854775807", .max),
            ("9223372036854775808", nil), ("1e300", nil), ("1e999", nil), ("0.5", nil), ("\"25000\"", nil),
            ("null", nil),
            ("[25000]", nil), ("true", nil),
        ] as [(String, Int?)])
    func numbers(_ text: String, _ value: Int?) throws {
        let open = try #require(
            self.handshake(#"{"sid":"a","pingInterval":\#(text),"pingTimeout":\#(text),"maxPayload":\#(text)}"#))
        #expect(open.pingIntervalMs == value)
        #expect(open.pingTimeoutMs == value)
        #expect(open.maxPayload == value)
        #expect(open.upgrades.isEmpty)
    }

    @Test("upgrades of wrong types are passed over", arguments: ["null", "\"websocket\"", "[1,null]", "{}"])
    func upgrades(_ text: String) throws {
        #expect(try #require(self.handshake(#"{"sid":"a","upgrades":\#(text)}"#)).upgrades.isEmpty)
    }

    @Test(
        "no handshake without a sid",
        arguments: ["", "{", "{}", "[]", "null", #"{"sid":1}"#, #"{"sid":null}"#, #""sid""#, #"{"sid":"a"}x"#])
    func refuses(_ text: String) {
        #expect(self.handshake(text) == nil)
    }
}
