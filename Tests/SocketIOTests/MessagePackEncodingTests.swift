import JSONText
import TestSupport
import Testing

@testable import SocketIO

@Suite("Encoding of MessagePack") struct MessagePackEncodingTests {
    @Test(
        "bytes of the specification's forms",
        arguments: [
            ("null", "c0"), ("true", "c3"), ("false", "c2"), ("127", "7f"), ("128", "cc80"), ("256", "cd0100"),
            ("65536", "ce00010000"), ("4294967296", "cf0000000100000000"), ("-1", "ff"), ("-32", "e0"),
            ("-33", "d0df"), ("-129", "d1ff7f"), ("-32769", "d2ffff7fff"), ("-2147483649", "d3ffffffff7fffffff"),
            ("18446744073709551615", "cfffffffffffffffff"), ("1.5", "cb3ff8000000000000"), ("\"hé\"", "a368c3a9"),
            ("[1,[]]", "920190"), (#"{"base64":"AQI="}"#, "c4020102"), (#"{"ext":5,"base64":"AQ=="}"#, "c70105" + "01"),
            (#"{"type":2,"nsp":"/"}"#, "82a474797065" + "02a36e7370a12f"),
        ])
    func bytes(json: String, hex: String) throws {
        let bytes = MessagePack.encode(try JSONValue(json))
        #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hex)
    }

    @Test("what is encoded is read back", arguments: 0..<100) func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let value = self.value(&random, depth: 0)
        #expect(MessagePack.decode(MessagePack.encode(value).span) == value)
    }

    @Test("values too deep are cut, and long ones have long heads") func limits() throws {
        var deep = JSONValue.null
        for _ in 0..<200 { deep = .array([deep]) }
        #expect(MessagePack.decode(MessagePack.encode(deep).span) != nil)
        for count in [31, 32, 255, 256, 65535, 65536] {
            let text = JSONValue.string(String(repeating: "a", count: count))
            #expect(MessagePack.decode(MessagePack.encode(text).span) == text)
            let list = JSONValue.array(Array(repeating: .integer(1), count: count))
            #expect(MessagePack.decode(MessagePack.encode(list).span) == list)
        }
    }

    private func value(_ random: inout SeededRandom, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 5), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(Int64(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random)))
        case 3: .string(String(repeating: "é", count: Int.random(in: 0...40, using: &random)))
        case 4: .number("\(Double(Int.random(in: -1000...1000, using: &random)) + 0.25)")
        case 5: .object([.init("base64", .string("AQID"))])
        case 6:
            .array((0..<Int.random(in: 0...20, using: &random)).map { _ in self.value(&random, depth: depth + 1) })
        default:
            .object(
                (0..<Int.random(in: 0...20, using: &random)).map {
                    .init("k\($0)", self.value(&random, depth: depth + 1))
                })
        }
    }
}
