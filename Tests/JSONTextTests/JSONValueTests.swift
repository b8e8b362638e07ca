import JSONText
import Testing

struct ValueCase: CustomTestStringConvertible, Sendable {
    let text: String
    let value: JSONValue
    /// What is written again, where that is not `text`.
    var written: String?

    init(_ text: String, _ value: JSONValue, written: String? = nil) {
        self.text = text
        self.value = value
        self.written = written
    }

    var testDescription: String { self.text.debugDescription }
}

@Suite("JSON values")
struct JSONValueTests {
    static let cases: [ValueCase] = [
        .init("null", .null), .init("true", .bool(true)), .init("false", .bool(false)),
        .init("9007199254740993", .number("9007199254740993")),
        .init("1.50e+3", .number("1.50e+3")),
        .init(" [ 1 , [ ] ] ", .array([.number("1"), .array([])]), written: "[1,[]]"),
        .init(
            #"{"b":1,"a":{"c":null}}"#,
            .object([.init("b", .number("1")), .init("a", .object([.init("c", .null)]))])),
        .init(#"{"a":1,"a":2}"#, .object([.init("a", .number("1")), .init("a", .number("2"))])),
        .init(#""\u0041\u00e9\u20ac\ud83d\ude00""#, .string("Aé€😀"), written: "\"Aé€😀\""),
        .init(
            #""\"\\\/\b\f\n\r\t\u0000\u001e""#, .string("\"\\/\u{8}\u{C}\n\r\t\0\u{1E}"),
            written: #""\"\\/\u0008\u000c\n\r\t\u0000\u001e""#),
        .init("\"é\u{301}\u{2028}\u{7F}\"", .string("é\u{301}\u{2028}\u{7F}")),
        // Surrogates without a partner, which no Swift string can hold.
        .init(#""\ud83d""#, .string("\u{FFFD}"), written: "\"\u{FFFD}\""),
        .init(#""\ude00a""#, .string("\u{FFFD}a"), written: "\"\u{FFFD}a\""),
        .init(#""\ud83dx\ude00""#, .string("\u{FFFD}x\u{FFFD}"), written: "\"\u{FFFD}x\u{FFFD}\""),
        .init(#""\ud83d\ud83d\ude00""#, .string("\u{FFFD}😀"), written: "\"\u{FFFD}😀\""),
        .init(#""\ud83d\n""#, .string("\u{FFFD}\n"), written: "\"\u{FFFD}\\n\""),
        .init(#"{"\u0061\n":0}"#, .object([.init("a\n", .number("0"))]), written: #"{"a\n":0}"#),
    ]

    @Test("a text, its value, and the value's text", arguments: Self.cases)
    func roundTrip(_ c: ValueCase) throws {
        let value = try JSONValue(c.text)
        #expect(value == c.value)
        #expect(value.description == c.written ?? c.text)
        #expect(try JSONValue(value.description) == value)
    }

    @Test(
        "whole numbers of 64 bits are kept, others are none",
        arguments: [
            ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9007199254740993", 9_007_199_254_740_993), ("25000.0", 25_000), ("1e3", 1_000), ("2.5e1", 25),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1e19", nil), ("1e18", nil),
            ("9007199254740993.0", nil), ("1e400", nil), ("0.5", nil),
            ("123456789012345678901234567890", nil), ("\"1\"", nil), ("null", nil), ("true", nil),
        ] as [(String, Int64?)])
    func integers(_ text: String, _ integer: Int64?) throws {
        #expect(try JSONValue(text).integer == integer)
    }

    @Test("members by key: the last of equal ones counts, and other kinds have none")
    func members() throws {
        let value = try JSONValue(#"{"a":1,"b":"x","a":[true]}"#)
        #expect(value["a"]?.array == [.bool(true)])
        #expect(value["b"]?.string == "x")
        #expect(value["c"] == nil)
        #expect(try JSONValue("[1]")["a"] == nil)
        #expect(value["a"]?.array?.first?.bool == true)
        #expect(try JSONValue("-2.5e-1").double == -0.25)
    }

    @Test("bytes that are no UTF-8 do not break a tree; they are repaired")
    func invalidUTF8() throws {
        let bytes: [UInt8] = [0x22, 0x61, 0xFF, 0x62, 0xE2, 0x82, 0x22]
        #expect(try JSONValue(bytes.span) == .string("a\u{FFFD}b\u{FFFD}"))
    }
}
