import JSONText
import Testing

struct ValidityCase: CustomTestStringConvertible, Sendable {
    let text: [UInt8]
    /// Where the scanner stops; nil for valid text.
    let errorAt: Int?

    init(_ text: String, errorAt: Int? = nil) {
        self.text = Array(text.utf8)
        self.errorAt = errorAt
    }

    var testDescription: String { String(decoding: self.text, as: UTF8.self).debugDescription }
}

func isValid(_ text: [UInt8]) -> Bool {
    (try? JSONScanner.validate(text.span)) != nil
}

@Suite("JSON validity")
struct JSONValidityTests {
    static let cases: [ValidityCase] = [
        // Values and white space.
        .init("null"), .init("true"), .init("false"), .init("0"), .init("\"\""), .init("[]"), .init("{}"),
        .init(" \t\r\n1 \t\r\n"), .init("[ ]"), .init("{ }"), .init("[1 , 2]"), .init("{ \"a\" : 1 , \"b\" : [ ] }"),
        .init("", errorAt: 0), .init("   ", errorAt: 3), .init("nul", errorAt: 0), .init("nULL", errorAt: 0),
        .init("True", errorAt: 0), .init("NaN", errorAt: 0), .init("Infinity", errorAt: 0),
        .init("undefined", errorAt: 0),
        .init("\u{FEFF}1", errorAt: 0), .init("\u{A0}1", errorAt: 0), .init("\u{0B}1", errorAt: 0),
        // Behind the value.
        .init("1 2", errorAt: 2), .init("[]]", errorAt: 2), .init("{}x", errorAt: 2), .init("\"a\"\"b\"", errorAt: 3),
        .init("nullx", errorAt: 4), .init("1,", errorAt: 1), .init("[1]//", errorAt: 3), .init("1\0", errorAt: 1),
        // Numbers.
        .init("-0"), .init("-1"), .init("10"), .init("0.5"), .init("-0.0"), .init("1e5"), .init("1E+5"), .init("1e-05"),
        .init("1.25e300"), .init("123456789012345678901234567890"), .init("1e99999"),
        .init("-", errorAt: 1), .init("+1", errorAt: 0), .init("01", errorAt: 1), .init("-01", errorAt: 2),
        .init("00", errorAt: 1), .init(".5", errorAt: 0), .init("1.", errorAt: 2), .init("1.e5", errorAt: 2),
        .init("1e", errorAt: 2), .init("1e+", errorAt: 3), .init("1.5.5", errorAt: 3), .init("0x10", errorAt: 1),
        .init("1_000", errorAt: 1), .init("--1", errorAt: 1), .init("- 1", errorAt: 1), .init("1e1.5", errorAt: 3),
        .init("\u{661}", errorAt: 0),
        // Strings.
        .init(#""\"\\\/\b\f\n\r\t""#), .init(#""\u0000\u001f\uABCD\uabcd""#), .init("\"€😀\u{7F}\u{2028}\""),
        .init(#""\ud83d\ude00""#), .init(#""\ud83d""#), .init(#""\ude00\ud83d""#),
        .init("\"", errorAt: 1), .init("\"abc", errorAt: 4), .init("\"\\\"", errorAt: 3), .init(#""\a""#, errorAt: 1),
        .init(#""\x41""#, errorAt: 1), .init(#""\U0041""#, errorAt: 1), .init(#""\'""#, errorAt: 1),
        .init(#""\u12""#, errorAt: 1), .init(#""\u12G4""#, errorAt: 1), .init(#""\u+123""#, errorAt: 1),
        .init("\"\\u123", errorAt: 1), .init("\"\\", errorAt: 2), .init("'a'", errorAt: 0),
        .init("\"a\nb\"", errorAt: 2), .init("\"a\tb\"", errorAt: 2), .init("\"\0\"", errorAt: 1),
        .init("\"\u{1F}\"", errorAt: 1), .init("\"\u{1E}\"", errorAt: 1),
        // Arrays.
        .init("[[],[[]]]"), .init("[1,\"a\",null,{}]"),
        .init("[", errorAt: 1), .init("]", errorAt: 0), .init("[1", errorAt: 2), .init("[1,", errorAt: 3),
        .init("[1,]", errorAt: 3), .init("[,1]", errorAt: 1), .init("[1 2]", errorAt: 3), .init("[1}", errorAt: 2),
        .init("[1,,2]", errorAt: 3), .init("[1;2]", errorAt: 2),
        // Objects.
        .init(#"{"a":{"b":[{}]}}"#), .init(#"{"":0}"#), .init(#"{"a":1,"a":2}"#), .init(#"{"\u0061":1}"#),
        .init("{", errorAt: 1), .init("}", errorAt: 0), .init("{\"a\"", errorAt: 4), .init("{\"a\":", errorAt: 5),
        .init("{\"a\":1", errorAt: 6), .init("{\"a\":1,", errorAt: 7), .init("{\"a\":1,}", errorAt: 7),
        .init("{\"a\" 1}", errorAt: 5), .init("{\"a\"}", errorAt: 4), .init("{a:1}", errorAt: 1),
        .init("{1:1}", errorAt: 1),
        .init("{,}", errorAt: 1), .init("{\"a\":1]", errorAt: 6), .init("{\"a\"::1}", errorAt: 5),
        .init("{\"a\":1 \"b\":2}", errorAt: 7), .init("{null:1}", errorAt: 1),
    ]

    @Test("the scanner says whether, and where not", arguments: Self.cases)
    func scans(_ c: ValidityCase) {
        var offset: Int?
        do {
            try JSONScanner.validate(c.text.span)
        } catch {
            offset = error.offset
        }
        #expect(offset == c.errorAt)
    }

    @Test("the tree is made of the same texts", arguments: Self.cases)
    func parses(_ c: ValidityCase) {
        #expect(((try? JSONValue(c.text.span)) != nil) == (c.errorAt == nil))
    }

    @Test("an error says what was expected")
    func expectation() {
        #expect(throws: JSONSyntaxError(offset: 3, expected: "',' or ']'")) { try JSONValue("[1 2]") }
        #expect(JSONSyntaxError(offset: 3, expected: "',' or ']'").description == "offset 3: expected ',' or ']'")
    }

    @Test("a value in the middle of bytes, and where it ends")
    func skipsInTheMiddle() throws {
        let text = Array(#"x{"a":[1,"]"]}y"#.utf8)
        #expect(try JSONScanner.skipValue(text.span, from: 1) == text.count - 1)
        #expect(try JSONScanner.skipString(text.span, from: 2) == 5)
        #expect(JSONScanner.kind(text.span, at: 1) == .object)
        #expect(JSONScanner.kind(text.span, at: 0) == nil)
        #expect(JSONScanner.kind(text.span, at: text.count) == nil)
    }

    @Test("a million levels of nesting are scanned, not walked", arguments: ["[", "{\"a\":", "[{\"a\":"])
    func nesting(_ level: String) {
        let depth = 1_000_000
        let close = String(level.compactMap { $0 == "[" ? "]" : $0 == "{" ? "}" : nil }.reversed())
        let open = Array(String(repeating: level, count: depth).utf8)
        let closed = Array(String(repeating: close, count: depth).utf8)
        #expect(isValid(open + [UInt8(ascii: "1")] + closed))
        #expect(!isValid(open + [UInt8(ascii: "1")] + closed.dropLast()))
        #expect(!isValid(open))
        #expect((try? JSONValue((open + [UInt8(ascii: "1")] + closed).span)) == nil)
    }

    @Test("what closes is checked against what opened, beyond one machine word of levels")
    func mixedNesting() {
        // 300 levels, objects where the bit pattern of a number says so.
        for pattern in [0 as UInt64, .max, 0xAAAA_AAAA_AAAA_AAAA, 0x8000_0000_0000_0001] {
            let objects = (0..<300).map { pattern >> UInt64($0 % 64) & 1 == 1 }
            let open = objects.map { $0 ? "{\"a\":" : "[" }.joined()
            let close = objects.reversed().map { $0 ? "}" : "]" }
            #expect(isValid(Array((open + "0" + close.joined()).utf8)))
            for wrong in [0, 63, 64, 65, 127, 128, 299] {
                var broken = close
                broken[wrong] = broken[wrong] == "}" ? "]" : "}"
                #expect(!isValid(Array((open + "0" + broken.joined()).utf8)))
            }
        }
    }

    @Test("a tree is at most 256 levels deep, and says so")
    func depthLimit() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        let value = try JSONValue(nested(JSONValue.depthLimit))
        #expect(value.description == nested(JSONValue.depthLimit))
        #expect(throws: JSONSyntaxError(offset: 256, expected: "at most 256 levels of nesting")) {
            try JSONValue(nested(JSONValue.depthLimit + 1))
        }
    }
}
