import JSONText
import SocketIO
import TestSupport
import Testing
import TimelineModel

// The macros cannot take a span apart, so these take arrays.
private func decode(_ bytes: [UInt8]) -> JSONValue? { MessagePack.decode(bytes.span) }
private func packet(_ bytes: [UInt8]) -> MessagePackPacket? { MessagePackPacket(bytes.span) }

@Suite("MessagePack")
struct MessagePackTests {
    /// Every format byte of the specification, and what it becomes.
    static let values: [(hex: String, json: String)] = [
        ("00", "0"), ("7f", "127"), ("e0", "-32"), ("ff", "-1"),
        ("80", "{}"), ("81 a161 01", #"{"a":1}"#), ("82 a161 01 a162 c0", #"{"a":1,"b":null}"#), ("90", "[]"),
        ("92 01 90", "[1,[]]"),
        ("9f 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14]"),
        ("a0", #""""#), ("a3 e282ac", #""€""#), ("a1 22", #""\"""#), ("a1 ff", "\"\u{FFFD}\""),
        (
            "bf 61616161616161616161616161616161616161616161616161616161616161",
            "\"\(String(repeating: "a", count: 31))\""
        ),
        ("c0", "null"), ("c2", "false"), ("c3", "true"),
        ("c4 03 010203", #"{"base64":"AQID"}"#), ("c4 00", #"{"base64":""}"#), ("c5 0001 ff", #"{"base64":"/w=="}"#),
        ("c6 00000002 0102", #"{"base64":"AQI="}"#),
        ("c7 03 05 010203", #"{"ext":5,"base64":"AQID"}"#), ("c8 0001 ff ff", #"{"ext":-1,"base64":"/w=="}"#),
        ("c9 00000001 01 02", #"{"ext":1,"base64":"Ag=="}"#),
        ("ca 3fc00000", "1.5"), ("ca 7fc00000", "null"), ("ca 7f800000", "null"), ("cb 3ff8000000000000", "1.5"),
        ("cb fff0000000000000", "null"), ("cb c05ec00000000000", "-123.0"),
        ("cb 7fefffffffffffff", "1.7976931348623157e+308"),
        ("cc ff", "255"), ("cd ffff", "65535"), ("ce ffffffff", "4294967295"),
        ("cf ffffffffffffffff", "18446744073709551615"),
        ("d0 80", "-128"), ("d1 8000", "-32768"), ("d2 80000000", "-2147483648"),
        ("d3 8000000000000000", "-9223372036854775808"),
        ("d4 00 00", "null"), ("d4 00 01", #"{"ext":0,"base64":"AQ=="}"#),
        ("d5 07 0102", #"{"ext":7,"base64":"AQI="}"#),
        ("d6 ff 00000000", #"{"ext":-1,"base64":"AAAAAA=="}"#),
        ("d7 00 0000000000000001", #"{"ext":0,"base64":"AAAAAAAAAAE="}"#),
        ("d8 01 00000000000000000000000000000000", #"{"ext":1,"base64":"AAAAAAAAAAAAAAAAAAAAAA=="}"#),
        ("d9 01 61", #""a""#), ("da 0001 61", #""a""#), ("db 00000001 61", #""a""#),
        ("dc 0001 c0", "[null]"), ("dd 00000001 c0", "[null]"), ("de 0001 a161 c0", #"{"a":null}"#),
        ("df 00000001 a161 c0", #"{"a":null}"#),
        // Keys of other kinds than strings.
        ("81 01 02", #"{"1":2}"#), ("81 c0 c3", #"{"null":true}"#), ("81 a161 81 a162 01", #"{"a":{"b":1}}"#),
    ]

    @Test("a value, whole and cut anywhere", arguments: Self.values)
    func decodes(_ hex: String, _ json: String) throws {
        let bytes = bytes(hex: hex)
        let value = try #require(decode(bytes))
        #expect(value.description == json)
        #expect(try JSONValue(json) == value)
        for end in 0..<bytes.count { #expect(decode(Array(bytes[..<end])) == nil) }
        #expect(decode(bytes + [0]) == nil)
    }

    @Test("every first byte is known but one")
    func formats() {
        let known = Set(Self.values.map { bytes(hex: $0.hex)[0] })
        for first in UInt8(0xC0)...0xDF { #expect(known.contains(first) == (first != 0xC1)) }
        #expect(decode([0xC1]) == nil)
    }

    @Test(
        "counts beyond the bytes are refused before anything is made",
        arguments: [
            "dd ffffffff", "df ffffffff", "c6 ffffffff", "c9 ffffffff 00", "db ffffffff", "dd 00000002 c0", "9f",
            "8f a161",
        ])
    func hugeCounts(_ hex: String) {
        #expect(decode(bytes(hex: hex)) == nil)
    }

    @Test("what cannot be a key of JSON is refused", arguments: ["81 90 01", "81 80 01", "81 c4 00 01"])
    func keys(_ hex: String) {
        #expect(decode(bytes(hex: hex)) == nil)
    }

    @Test("values nest 64 levels deep and no deeper")
    func nesting() {
        func nested(_ levels: Int) -> [UInt8] { [UInt8](repeating: 0x91, count: levels - 1) + [0x90] }
        #expect(decode(nested(64)) != nil)
        #expect(decode(nested(65)) == nil)
        #expect(decode(nested(1_000_000)) == nil)
    }

    @Test("no bytes stop it, and what it makes is JSON")
    func random() throws {
        var random = SeededRandom(seed: 21)
        for _ in 0..<300 {
            for row in Self.values {
                let bytes = random.mutated(bytes(hex: row.hex))
                guard let value = decode(bytes) else { continue }
                #expect((try? JSONValue(value.description)) != nil, "\(bytes)")
            }
        }
    }
}

@Suite("Packets of socket.io-msgpack-parser")
struct MessagePackPacketTests {
    @Test("an event, an ack, a connect")
    func packets() throws {
        // {type: 2, nsp: "/", data: ["hello", "you"]}
        let event = try #require(
            packet(bytes(hex: "83 a474797065 02 a36e7370 a12f a464617461 92 a568656c6c6f a3796f75")))
        #expect((event.type, event.namespace, event.event, event.ackID) == (.event, "/", "hello", nil))
        #expect(event.data?.description == #"["hello","you"]"#)
        // {data: [1], id: 7, nsp: "/n", type: 3}: the order is free.
        let ack = try #require(
            packet(bytes(hex: "84 a464617461 91 01 a26964 07 a36e7370 a22f6e a474797065 03")))
        #expect((ack.type, ack.namespace, ack.event, ack.ackID) == (.ack, "/n", nil, 7))
        // {type: 0, nsp: "/", data: nil}
        let connect = try #require(packet(bytes(hex: "83 a474797065 00 a36e7370 a12f a464617461 c0")))
        #expect((connect.type, connect.data) == (.connect, nil))
        // {type: 2, nsp: "/", data: [5]}: a number as name.
        let number = try #require(packet(bytes(hex: "83 a474797065 02 a36e7370 a12f a464617461 91 05")))
        #expect(number.event == "5")
    }

    @Test(
        "other maps and bytes are no such packet",
        arguments: [
            "", "80", "83", "01020304", "81 a474797065 02", "81 a36e7370 a12f", "82 a474797065 07 a36e7370 a12f",
            "82 a474797065 ff a36e7370 a12f", "82 a474797065 a132 a36e7370 a12f", "82 a474797065 02 a36e7370 01",
            "82 a474797065 02 a36e7370 a12f 00", "92 02 a12f",
        ])
    func others(_ hex: String) {
        #expect(packet(bytes(hex: hex)) == nil)
    }
}
