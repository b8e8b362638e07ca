import EngineIO
import Replay
import Testing
import TimelineModel

/// What a recorded server ended the session for, played to clients that do it again and to mended ones.
@Suite struct OffenceTests {
    struct Offence: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var said: [String]

        init(_ name: String, _ said: String...) {
            self.testDescription = name
            self.said = said
        }
    }

    static let offences = [
        Offence("an unknown type", "9what"), Offence("an empty message", ""), Offence("no digit", "what"),
        Offence("a ping", "2"), Offence("bad JSON", "42{"), Offence("JSON of the wrong kind", "42{}"),
        Offence("an unannounced attachment", "<0102>"),
        Offence("a text where an attachment is due", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]", "42[\"a\",1]"),
        Offence("a second connect", "40"), Offence("an event where nothing is connected", "42/other,[\"a\"]"),
        Offence("a packet that only servers send", "44{\"message\":\"a\"}"),
        Offence("a reserved name", "42[\"connect\"]"),
        Offence("more than maxPayload", "42[\"a\",\"\(String(repeating: "x", count: 100))\"]"),
    ]

    private static func lineage(_ offence: Offence, ends: String = "close") -> RecordedLineage {
        var lines = ["0 S 0{}", "1 C 40", "2 S 40{\"sid\":\"s\"}"]
        lines += offence.said.enumerated().map { "\(2000 + $0) C \($1)" }
        var session = Recordings.script((lines + ["2005 S \(ends)"]).joined(separator: "\n"))
        session.facts.maxPayload = 100
        return Recordings.lineage(session)
    }

    @Test("a mended client passes, and stays connected", arguments: Self.offences, CaptureReplayTests.paces)
    func mended(offence: Offence, pace: Pace) {
        for end in ["close", "close 1009", "fin"] {
            var client = PlayedClient(Self.lineage(offence, ends: end), ReplayServerSettings(pace: pace))
            client.connect()
            client.send("40")
            client.finish()
            #expect(!client.last.contains { $0.hasPrefix("end") }, "\(end)")
            #expect(client.outcome.isFaithful, "\(client.outcome)")
        }
    }

    @Test(
        "one that does it again is thrown out and fails, though its timer is a little late", arguments: Self.offences,
        CaptureReplayTests.paces)
    func ill(offence: Offence, pace: Pace) {
        var client = PlayedClient(Self.lineage(offence), ReplayServerSettings(pace: pace))
        client.connect()
        client.send("40")
        client.run(until: 2300)
        for text in offence.said { client.send(text) }
        client.finish()
        #expect(client.last.last?.hasPrefix("end close") == true)
        #expect(client.outcome.divergences.contains { $0.kind == .unexpected && $0.sender == .client })
    }

    @Test("what was too big may be said in less, and whatever the recording was cut off before", arguments: [1, 3])
    func smaller(pieces: Int) {
        var client = PlayedClient(Self.lineage(Self.offences[Self.offences.count - 1]))
        client.connect()
        client.send("40")
        client.run(until: 2000)
        for _ in 0..<pieces { client.send("42[\"a\",\"xx\"]") }
        client.finish()
        #expect(client.outcome.isFaithful, "\(client.outcome)")
    }

    @Test("too big is too big for every profile", arguments: ReplayServerSettings.Profile.allCases)
    func tooBig(profile: ReplayServerSettings.Profile) {
        let offence = Self.offences[Self.offences.count - 1]
        var client = PlayedClient(Self.lineage(offence), ReplayServerSettings(profile: profile))
        client.connect()
        client.send("40")
        client.run(until: 2000)
        client.send(offence.said[0])
        #expect(client.last.last == (profile == .python ? "end close 1000" : "end close 1009"))
        client.finish()
        #expect(!client.outcome.isFaithful)
    }

    @Test("but not where the recorded server took it")
    func taken() {
        let text = "42[\"a\",\"\(String(repeating: "x", count: 100))\"]"
        var session = Recordings.script(
            "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n100 C \(text)\n101 S 42[\"b\"]\n5000 S 42[\"c\"]\n5001 C close")
        session.facts.maxPayload = 100
        var client = PlayedClient(Recordings.lineage(session))
        client.connect()
        client.send("40")
        client.run(until: 100)
        client.send(text)
        client.run(until: 5000)
        #expect(client.said.suffix(2) == ["42[\"b\"]", "42[\"c\"]"])
        client.finish()
        #expect(client.outcome.isFaithful)
    }

    @Test("a body that is too big is refused, and fails the client though its session lives")
    func bigBody() {
        var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n3000 C close")
        session.facts.maxPayload = 100
        session.facts.transports = [.polling]
        var client = PlayedClient(Recordings.lineage(session))
        client.request("GET", "/socket.io/?EIO=4&transport=polling", on: 1)
        client.request("POST", "/socket.io/?EIO=4&transport=polling&sid=recorded-1", "40", on: 2)
        client.request(
            "POST", "/socket.io/?EIO=4&transport=polling&sid=recorded-1", String(repeating: "x", count: 101), on: 2)
        #expect(client.responses.last?.status == 413)
        client.finish()
        #expect(client.outcome.divergences.contains { $0.what == "a body that is too big" })
    }

    @Test("over polling the end shows with a later request: its cause is found all the same")
    func polling() {
        var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n1000 C what\n")
        session.facts.transports = [.polling]
        session.facts.endClass = .httpError
        session.facts.endedBy = .server
        session.facts.ended = Timestamp(nanoseconds: 9_000_000_000)
        var client = PlayedClient(Recordings.lineage(session))
        client.connect()
        client.send("40")
        client.run(until: 1200)
        var mended = client
        client.send("what")
        client.finish()
        #expect(!client.outcome.isFaithful)
        mended.finish()
        #expect(mended.outcome.isFaithful && mended.last.last != "end fin")
    }

    @Test("a body that cannot be cut into packets is a cause, where it is the client's")
    func brokenBody() {
        for (sender, isCause) in [("client", true), ("server", false)] {
            var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n1001 S close")
            var collector = SessionCollector(session.facts)
            collector.see(
                Anomaly(
                    "engineio.length-mismatch", at: Timestamp(nanoseconds: 1_000_000_000),
                    detail: "body of the \(sender), offset 0"))
            session.brokenBodies = collector.finish().brokenBodies
            var client = PlayedClient(Recordings.lineage(session))
            client.connect()
            client.send("40")
            client.run(until: 1200)
            #expect(client.last.contains { $0.hasPrefix("end") } != isCause)
        }
    }

    @Test("two polls at once, a poll given up, and a body of the wrong type are causes, too", arguments: [0, 1, 2])
    func requests(kind: Int) {
        func exchange(_ id: Int64, _ method: String, _ asked: Int64, _ answered: Int64, _ status: Int?) -> ExchangeFacts
        {
            var facts = ExchangeFacts(
                id: id, connectionID: id, method: method, target: "/socket.io/?EIO=4&transport=polling&sid=a",
                requested: Timestamp(nanoseconds: asked * 1_000_000))
            facts.status = status
            facts.answered = status.map { _ in Timestamp(nanoseconds: answered * 1_000_000) }
            facts.responded = facts.answered
            return facts
        }
        var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}")
        session.facts.transports = [.polling]
        session.facts.endedBy = .server
        session.facts.ended = Timestamp(nanoseconds: 1_001_000_000)
        switch kind {
        case 0:
            session.facts.endClass = .engineIOClose
            session.exchanges = [exchange(1, "GET", 500, 1001, 200), exchange(2, "GET", 1000, 1001, 400)]
        case 1:
            session.facts.endClass = .httpError
            session.exchanges = [exchange(1, "GET", 500, 0, nil), exchange(2, "GET", 1000, 1001, 400)]
        default:
            session.facts.endClass = .httpError
            session.exchanges = [exchange(1, "GET", 500, 1001, 200), exchange(2, "POST", 1000, 1001, 400)]
            session.exchanges[1].requestType = "application/octet-stream"
        }
        var client = PlayedClient(Recordings.lineage(session))
        client.connect()
        client.send("40")
        client.run(until: 1400)
        #expect(!client.last.contains { $0.hasPrefix("end") })
        client.finish()
        #expect(client.outcome.isFaithful)
    }
}
