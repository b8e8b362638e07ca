import EngineIO
import TestSupport
import Testing

@Suite("JSONP")
struct JSONPTests {
    @Test(
        "the payload of an answer",
        arguments: [
            (#"___eio[0]("4abc");"#, "4abc"), (#"___eio[233]("4\"a\"\n\u20ac\ud83d\ude00");"#, "4\"a\"\n€😀"),
            (#"/**/___eio[1]("2");"#, "2"), (" ___eio[1](\"\")", ""), (#"___eio[0]("4)\";(");"#, "4)\";("),
            ("", nil), ("___eio[0]", nil), ("___eio[0](", nil), ("___eio[0](4)", nil), (#"___eio[0]("4"#, nil),
            (#"___eio("4");"#, nil), ("/*", nil), ("/**", nil), (#"___eio[0]("4\x");"#, nil), ("4abc", nil),
        ] as [(String, String?)])
    func answers(_ body: String, _ payload: String?) {
        let bytes = try? JSONP.payload(ofAnswer: Array(body.utf8).span)
        #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == payload)
    }

    @Test(
        "the payload of a request",
        arguments: [
            ("d=4abc", "4abc"), ("d=", ""), ("d=4a+b%20c%2B", "4a b c+"), ("d=6%3A4hello", "6:4hello"),
            ("d=4%E2%82%AC", "4€"),
            ("d=4a&x=1", "4a"),
            // A line feed was written as backslash and n, a backslash before an n doubled.
            (#"d=4a\nb"#, "4a\nb"), (#"d=42["a\\nb"]"#, #"42["a\nb"]"#), (#"d=4\\\n"#, #"4\\n"#),
            (#"d=4\t\"#, #"4\t\"#),
            ("", nil), ("4abc", nil), ("x=4", nil), ("d=%4", nil), ("d=%zz", nil), ("d=%", nil), ("d=%+5", nil),
        ] as [(String, String?)])
    func requests(_ body: String, _ payload: String?) {
        let bytes = try? JSONP.payload(ofRequest: Array(body.utf8).span)
        #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == payload)
    }

    @Test("no bytes stop it")
    func random() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<3_000 {
            _ = try? JSONP.payload(ofAnswer: random.mutated(Array(#"/**/___eio[0]("4\"a\u20ac");"#.utf8)).span)
            _ = try? JSONP.payload(ofRequest: random.mutated(Array(#"d=4%E2\n\\n+a"#.utf8)).span)
        }
    }
}
