import Replay
import Testing
import TimelineModel

@Suite("Differences of recordings")
struct DiffTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let a: String
        let b: String
        /// `KIND SENDER NAMESPACE POINTERS`, sorted.
        var expected: [String] = []
        var settings = DiffSettings()
        var testDescription: String { self.name }
    }

    static let head = """
        0 S 0{"sid":"aaaaaaaaaa","pingInterval":25000}
        1 C 40
        2 S 40{"sid":"AAAAAAAAAA"}

        """
    static let otherHead = """
        0 S 0{"sid":"bbbbbbbbbb","pingInterval":25000}
        1 C 40
        2 S 40{"sid":"BBBBBBBBBB"}

        """

    static let cases: [Case] = [
        Case(
            name: "session ids have names", a: head + #"9 S 42["you","AAAAAAAAAA"]"#,
            b: otherHead + #"9 S 42["you","BBBBBBBBBB"]"#),
        Case(
            name: "another client's id is another", a: head + #"9 S 42["you","AAAAAAAAAA"]"#,
            b: otherHead + #"9 S 42["you","AAAAAAAAAA"]"#, expected: ["changed server / /0"]),
        Case(
            name: "heartbeats and probes are no packets", a: head + "9 S 2\n9 C 3\n10 C 2probe\n11 S 3probe\n12 C 5",
            b: head),
        Case(name: "ids of acks", a: head + "9 C 427[\"a\"]\n10 S 437[1]", b: head + "9 C 420[\"a\"]\n10 S 430[1]"),
        Case(
            name: "whether an ack was wanted", a: head + "9 C 427[\"a\"]\n10 S 437[1]", b: head + "9 C 42[\"a\"]",
            expected: ["changed client / (ack)", "missing server / "]),
        Case(
            name: "acks belong to their events, in any order",
            a: head + "9 C 420[\"a\"]\n9 C 421[\"b\"]\n10 S 430[1]\n10 S 431[2]",
            b: head + "9 C 420[\"a\"]\n9 C 421[\"b\"]\n10 S 431[2]\n10 S 430[1]"),
        Case(
            name: "an ack with another answer", a: head + "9 C 420[\"a\"]\n10 S 430[{\"ok\":true}]",
            b: head + "9 C 420[\"a\"]\n10 S 430[{\"ok\":false}]", expected: ["changed server / /0/ok"]),
        Case(
            name: "members in any order, numbers by value",
            a: head + #"9 S 42["a",{"x":1,"y":-0,"z":"\u00e9"}]"#, b: head + #"9 S 42["a",{"z":"é","y":0,"x":1.0}]"#),
        Case(
            name: "arrays in order", a: head + #"9 S 42["a",[1,2]]"#, b: head + #"9 S 42["a",[2,1]]"#,
            expected: ["changed server / /0/0 /0/1"]),
        Case(
            name: "one of many that are equal is missing", a: head + tick(5) + "80 S 42[\"end\"]",
            b: head + tick(4) + "80 S 42[\"end\"]", expected: ["missing server / "]),
        Case(
            name: "one is extra in the middle", a: head + "9 S 42[\"a\"]\n10 S 42[\"c\"]",
            b: head + "9 S 42[\"a\"]\n9 S 42[\"b\"]\n10 S 42[\"c\"]", expected: ["extra server / "]),
        Case(
            name: "out of order", a: head + "9 S 42[\"a\"]\n10 S 42[\"b\"]\n11 S 42[\"c\"]",
            b: head + "9 S 42[\"b\"]\n10 S 42[\"c\"]\n11 S 42[\"a\"]", expected: ["reordered server / "]),
        Case(
            name: "no order across namespaces", a: head + chat + "9 S 42[\"a\"]\n10 S 42/chat,[\"b\"]",
            b: head + chat + "9 S 42/chat,[\"b\"]\n10 S 42[\"a\"]"),
        Case(
            name: "no order across directions", a: head + "9 S 42[\"a\"]\n10 C 42[\"b\"]",
            b: head + "9 C 42[\"b\"]\n10 S 42[\"a\"]"),
        Case(
            name: "a refused namespace", a: head + chat,
            b: head + "3 C 40/chat,\n4 S 44/chat,{\"message\":\"no\"}",
            expected: ["changed server /chat  /sid /message"]),
        Case(
            name: "attachments by their bytes", a: head + binary("010203"), b: head + binary("010204"),
            expected: ["changed server / (attachment 0)"]),
        Case(name: "equal attachments", a: head + binary("010203"), b: head + binary("010203")),
        Case(
            name: "offsets of recovery", a: recovering("9 S 42[\"a\",1,\"off-1\"]"),
            b: recovering("9 S 42[\"a\",1,\"off-2\"]")),
        Case(
            name: "a pid that is masked leaves arguments alone", a: head + "9 S 42[\"a\",1,\"x\"]",
            b: head + "9 S 42[\"a\",1,\"y\"]", expected: ["changed server / /1"]),
        Case(
            name: "redacted secrets could be anything", a: "1 C 40{\"token\":\"redacted:0123456789abcdef\"}",
            b: "1 C 40{\"token\":\"secret\"}"),
        Case(
            name: "plain messages", a: "9 S 4hello\n10 S 4{\"a\":1}", b: "9 S 4hello\n10 S 4{\"a\":2}",
            expected: ["changed server - /a"]),
        Case(
            name: "masked by pointer", a: head + #"9 S 42["a",{"at":1,"n":1}]"#,
            b: head + #"9 S 42["a",{"at":2,"n":1}]"#,
            settings: masks("/0/at")),
        Case(
            name: "masked in another event alone", a: head + #"9 S 42["a",{"at":1}]"#,
            b: head + #"9 S 42["a",{"at":2}]"#,
            expected: ["changed server / /0/at"], settings: masks("b:/0/at")),
        Case(
            name: "masked in any element", a: head + #"9 S 42["a",[{"at":1},{"at":2}]]"#,
            b: head + #"9 S 42["a",[{"at":3},{"at":4}]]"#, settings: masks("a:/0/*/at")),
        Case(
            name: "masked by name", a: head + #"9 S 42["a","at 2026-11-23T02:58:49Z"]"#,
            b: head + #"9 S 42["a","at 2026-11-24T02:58:49.5Z"]"#, settings: masks("date")),
        Case(
            name: "a masked value must be there", a: head + #"9 S 42["a",{"at":1}]"#, b: head + #"9 S 42["a",{}]"#,
            expected: ["changed server / /0/at"], settings: masks("/0/at")),
    ]

    static let chat = "3 C 40/chat,\n4 S 40/chat,{\"sid\":\"CCCCCCCCCC\"}\n"

    static func tick(_ count: Int) -> String { (0..<count).map { "\(10 + $0) S 42[\"tick\"]\n" }.joined() }

    static func binary(_ hex: String) -> String {
        "9 S 451-[\"a\",{\"_placeholder\":true,\"num\":0}]\n9 S #\(hex)"
    }

    static func recovering(_ rest: String) -> String {
        "0 S 0{\"sid\":\"aaaaaaaaaa\"}\n1 C 40\n2 S 40{\"sid\":\"AAAAAAAAAA\",\"pid\":\"PPPPPPPP\"}\n" + rest
    }

    static func masks(_ texts: String...) -> DiffSettings {
        var settings = DiffSettings()
        for text in texts { settings.masks.append(try! DiffMask(text)) }
        return settings
    }

    static func summary(_ outcome: DiffOutcome) -> [String] {
        outcome.differences.map {
            "\($0.kind.rawValue) \($0.sender?.rawValue ?? "-") \($0.namespace ?? "-") "
                + $0.places.map(\.pointer).joined(separator: " ")
        }.sorted()
    }

    @Test("what differs, and what does not", arguments: Self.cases)
    func differences(_ test: Case) {
        let (a, b) = (WrittenSession(test.a).lineage, WrittenSession(test.b).lineage)
        let outcome = DiffOutcome.comparing(a, b, test.settings)
        #expect(Self.summary(outcome) == test.expected)
        #expect(outcome.differenceCount == test.expected.count)
        #expect(outcome.isEqual == test.expected.isEmpty)
    }

    @Test("nothing differs from itself", arguments: Self.cases)
    func itself(_ test: Case) {
        let a = WrittenSession(test.a).lineage
        let outcome = DiffOutcome.comparing(a, a, test.settings)
        #expect(outcome.isEqual)
        #expect(outcome.timeCount == 0)
        #expect(outcome.lives[0].equal == outcome.lives[0].packetsA)
    }

    @Test("the other way round missing is extra", arguments: Self.cases)
    func mirrored(_ test: Case) {
        let (a, b) = (WrittenSession(test.a).lineage, WrittenSession(test.b).lineage)
        func counts(_ outcome: DiffOutcome) -> [SessionDifference.Kind: Int] {
            outcome.differences.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
        }
        let there = counts(DiffOutcome.comparing(a, b, test.settings))
        let back = counts(DiffOutcome.comparing(b, a, test.settings))
        #expect(there[.missing] == back[.extra])
        #expect(there[.extra] == back[.missing])
        #expect(there[.changed] == back[.changed])
        #expect(there[.reordered] == back[.reordered])
    }

    // MARK: Times

    @Test("times are apart from content")
    func times() {
        let a = WrittenSession(Self.head + "100 C 420[\"a\"]\n150 S 430[]\n1000 S 42[\"b\"]").lineage
        let b = WrittenSession(Self.head + "100 C 420[\"a\"]\n300 S 430[]\n1100 S 42[\"b\"]").lineage
        let outcome = DiffOutcome.comparing(a, b)
        #expect(outcome.isEqual)
        // 850 and 800 ms behind the ack are the same within 20 %; 50 and 200 ms behind the event are not.
        #expect(outcome.times.map(\.delayA) == [50_000_000])
        #expect(outcome.times.map(\.delayB) == [200_000_000])
        #expect(outcome.timedPairs == 5)
    }

    @Test("times of a replay at another pace")
    func pace() {
        let a = WrittenSession(Self.head + "1000 S 42[\"a\"]\n3000 S 42[\"b\"]").lineage
        let b = WrittenSession(Self.head + "102 S 42[\"a\"]\n302 S 42[\"b\"]").lineage
        var settings = DiffSettings()
        #expect(DiffOutcome.comparing(a, b, settings).timeCount == 2)
        settings.pace = .times(10)
        #expect(DiffOutcome.comparing(a, b, settings).timeCount == 0)
        settings.pace = .fast
        #expect(DiffOutcome.comparing(a, b, settings).timedPairs == 0)
    }

    // MARK: Ends and lives

    @Test("how it ended, by class and reason, not by code")
    func ends() {
        let base = WrittenSession(Self.head) { $0.closeCode = 1000 }.lineage
        #expect(DiffOutcome.comparing(base, WrittenSession(Self.head) { $0.closeCode = nil }.lineage).isEqual)
        #expect(DiffOutcome.comparing(base, WrittenSession(Self.head, end: .captureEnd, by: nil).lineage).isEqual)
        #expect(DiffOutcome.comparing(base, WrittenSession(Self.head, end: nil, by: nil).lineage).isEqual)
        for other in [
            WrittenSession(Self.head, by: .server), WrittenSession(Self.head, end: .rst),
            WrittenSession(Self.head + "50 C 41"),
        ] {
            let outcome = DiffOutcome.comparing(base, other.lineage)
            #expect(outcome.differences.contains { $0.subject == .end })
        }
    }

    @Test("a last DISCONNECT is an end, and not known where a recording stopped before")
    func disconnect() {
        let whole = WrittenSession(Self.head + "10 S 42[\"a\"]\n50 C 41").lineage
        let stopped = WrittenSession(Self.head + "10 S 42[\"a\"]", end: .captureEnd, by: nil).lineage
        #expect(DiffOutcome.comparing(whole, stopped).isEqual)
        #expect(DiffOutcome.comparing(stopped, whole).isEqual)
        // What came before it is known, and so is a DISCONNECT that something followed.
        let without = WrittenSession(Self.head, end: .captureEnd, by: nil).lineage
        #expect(Self.summary(DiffOutcome.comparing(whole, without)) == ["missing server / "])
        let later = WrittenSession(Self.head + "5 C 41/chat,\n10 S 42[\"a\"]").lineage
        #expect(Self.summary(DiffOutcome.comparing(later, stopped)) == ["missing client /chat "])
        let closed = WrittenSession(Self.head + "10 S 42[\"a\"]", endedMs: 100).lineage
        #expect(Self.summary(DiffOutcome.comparing(whole, closed)).contains("missing client / "))
    }

    @Test("a server that waited for a pong timed out")
    func pingTimeout() {
        let healthy = WrittenSession(Self.head + "25000 S 2\n25010 C 3", by: .server, endedMs: 45_000).lineage
        let silent = WrittenSession(Self.head + "25000 S 2", by: .server, endedMs: 45_000).lineage
        let outcome = DiffOutcome.comparing(healthy, silent)
        #expect(outcome.differences.map(\.subject) == [.end])
        #expect(outcome.differences[0].places[0].live?.contains("ping timeout") == true)
        #expect(outcome.lives[0].heartbeatsA?.pongs == 1)
        #expect(outcome.lives[0].heartbeatsA?.slowestPongNs == 10_000_000)
        #expect(outcome.lives[0].heartbeatsB?.pongs == 0)
    }

    @Test("one life more, and a refused one")
    func lives() {
        let life = WrittenSession(Self.head).life
        var refusal = ExchangeFacts(id: 1, connectionID: 1, method: "GET", target: "/socket.io/", requested: .zero)
        refusal.status = 400
        refusal.errorCode = 5
        var other = refusal
        other.errorCode = 1
        func kinds(_ a: [RecordedLineage.Life], _ b: [RecordedLineage.Life]) -> [String] {
            DiffOutcome.comparing(RecordedLineage(lives: a), RecordedLineage(lives: b)).differences.map {
                "\($0.kind.rawValue) \($0.subject.rawValue) \($0.life)"
            }
        }
        #expect(kinds([life, life], [life]) == ["missing life 2"])
        #expect(kinds([life], [life, .refused(refusal)]) == ["extra life 2"])
        #expect(kinds([.refused(refusal)], [.refused(refusal)]).isEmpty)
        #expect(kinds([.refused(refusal)], [.refused(other)]) == ["changed life 1"])
        #expect(kinds([.refused(refusal)], [life]) == ["changed life 1"])
        #expect(kinds([], []).isEmpty)
    }

    @Test("transports, where they are asked for")
    func transports() {
        let (a, b) = (WrittenSession(Self.head), WrittenSession(Self.head) { $0.transports = [.polling, .websocket] })
        var settings = DiffSettings()
        #expect(DiffOutcome.comparing(a.lineage, b.lineage, settings).isEqual)
        settings.comparesTransports = true
        #expect(DiffOutcome.comparing(a.lineage, b.lineage, settings).differences.map(\.subject) == [.transports])
    }

    @Test("all are counted, so many are kept")
    func limit() {
        let lines = (0..<50).map { "\($0) S 42[\"e\($0)\"]" }
        let a = WrittenSession(lines.joined(separator: "\n"), endedMs: 100).lineage
        var settings = DiffSettings()
        settings.limit = 10
        let outcome = DiffOutcome.comparing(a, WrittenSession("").lineage, settings)
        #expect(outcome.differences.count == 10)
        #expect(outcome.differenceCount == 50)
        #expect(outcome.counts == [.missing: 50])
    }

    // MARK: Masks

    @Test("what is no mask", arguments: ["nonsense", "", "a:b", "/~2", "/a~"])
    func badMask(_ text: String) {
        #expect(throws: DiffMaskError.self) { try DiffMask(text) }
    }

    @Test("a bad regular expression")
    func badPattern() {
        #expect(throws: DiffMaskError.badPattern("(")) { try DiffMask(pattern: "(") }
    }

    @Test(
        "masks with a name",
        arguments: [
            ("date", "2026-11-23"), ("date", "2026-11-23T02:58:49.123+01:00"), ("epoch", "1764000000000"),
            ("epoch", "1764000000"), ("jwt", "eyJhbGciOi.eyJzdWIi.c2ln-_"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
        ])
    func named(_ name: String, _ text: String) throws {
        var settings = DiffSettings()
        settings.masks = [try DiffMask(name)]
        let a = WrittenSession(#"1 S 42["e","\#(text)"]"#).lineage
        #expect(DiffOutcome.comparing(a, WrittenSession(#"1 S 42["e","<masked>"]"#).lineage, settings).isEqual)
        #expect(!DiffOutcome.comparing(a, WrittenSession(#"1 S 42["e","other"]"#).lineage, settings).isEqual)
    }
}
