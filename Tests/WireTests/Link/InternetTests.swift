import Testing
import TimelineModel
import Wire

private typealias Make = PacketBytes

@Suite("IP and TCP headers")
struct InternetTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var payload = "hello"
        var length = 5
        var testDescription: String { self.name }
    }

    private static let four = Make.ipv4(Make.hello)
    private static let six = Make.ipv6(Make.hello)
    private static let ah: [UInt8] = [6, 4, 0, 0] + [UInt8](repeating: 9, count: 20)

    static func jumbo(_ length: Int) -> [UInt8] {
        Make.header(next: 6, [0xC2, 4, 0, 0] + Make.big16(length))
    }

    static let readable: [Case] = [
        .init(name: "IPv4 options", bytes: Make.ipv4(Make.hello, options: [7, 7, 4, 1, 2, 3, 4, 0])),
        .init(name: "IPv4 total length 0: all there is", bytes: Make.ipv4(Make.hello, total: 0)),
        .init(name: "don't fragment", bytes: Make.ipv4(Make.hello, fragment: 0x4000)),
        .init(name: "IPv4 authentication header", bytes: Make.ipv4(ah + Make.hello, transport: 51)),
        .init(name: "IPv6 authentication header", bytes: Make.ipv6(ah + Make.hello, next: 51)),
        .init(name: "hop by hop", bytes: Make.ipv6(Make.header(next: 6) + Make.hello, next: 0)),
        .init(
            name: "hop by hop, destination, routing, destination",
            bytes: Make.ipv6(
                Make.header(next: 60) + Make.header(next: 43) + Make.header(next: 60, .init(repeating: 0, count: 22))
                    + Make.header(next: 6) + Make.hello, next: 0)),
        .init(
            name: "atomic fragment",
            bytes: Make.ipv6(Make.fragmentHeader(start: 0, more: false) + Make.hello, next: 44)),
        .init(
            name: "BigTCP with a jumbo option",
            bytes: Make.ipv6(jumbo(8 + Make.hello.count) + Make.hello + [9, 9], next: 0, length: 0)),
        .init(name: "BigTCP without an option", bytes: Make.ipv6(Make.hello, length: 0)),
        .init(
            name: "hop by hop, length 0 and no jumbo option",
            bytes: Make.ipv6(Make.header(next: 6, [0, 0xC2, 2, 0, 0, 0]) + Make.hello, next: 0, length: 0)),
        .init(name: "4in4", bytes: Make.ipv4(four, transport: 4)),
        .init(name: "6in4", bytes: Make.ipv4(six, transport: 41)),
        .init(name: "4in6", bytes: Make.ipv6(four, next: 4)),
        .init(name: "6in6 in 4", bytes: Make.ipv4(Make.ipv6(six, next: 41), transport: 41)),
        .init(
            name: "IP says more than there is", bytes: Make.ipv4(Make.hello, total: 20 + Make.hello.count + 100)),
        .init(
            name: "a jumbo option says more than there is",
            bytes: Make.ipv6([6, 0, 0xC2, 4, 0xFF, 0xFF, 0xFF, 0xFF] + Make.hello, next: 0, length: 0)),
        .init(name: "no payload", bytes: Make.ipv4(Make.tcp(payload: [])), payload: "", length: 0),
        .init(
            name: "TCP options", bytes: Make.ipv4(Make.tcp(options: [2, 4, 5, 0xB4], payload: Array("hello".utf8)))),
    ]

    @Test("give a segment", arguments: readable)
    func reads(_ test: Case) throws {
        let outcome = try LinkPacket.decode([LinkPacket(bytes: test.bytes)])
        #expect(outcome.texts == [test.payload])
        #expect(outcome.payloads.first?.segment.payloadLength == test.length)
        #expect(outcome.counters.segments == 1)
        #expect(outcome.counters.addsUp)
    }

    static let malformed: [Case] = [
        .init(name: "nothing", bytes: []),
        .init(name: "IP version 5", bytes: [0x55] + four.dropFirst()),
        .init(name: "IPv4 header of 16 bytes", bytes: Make.ipv4(Make.hello, headerWords: 4)),
        .init(name: "IPv4 total length below the header", bytes: Make.ipv4(Make.hello, total: 19)),
        .init(name: "IPv4 header longer than the packet", bytes: Make.ipv4([], headerWords: 15)),
        .init(name: "fragment of total length 0", bytes: Make.ipv4(Make.hello, total: 0, fragment: 0x2000)),
        .init(name: "fragment of no multiple of 8", bytes: Make.ipv4([1, 2, 3], fragment: 0x2000)),
        .init(name: "empty fragment", bytes: Make.ipv4([], fragment: 0x2000)),
        .init(name: "fragment beyond 64 KiB", bytes: Make.ipv4(Make.hello, fragment: 0x1FFF)),
        .init(name: "IPv6 cut off", bytes: Array(six.prefix(39))),
        .init(name: "extension header longer than the packet", bytes: Make.ipv6([6, 9, 0, 0, 0, 0, 0, 0], next: 0)),
        .init(name: "extension header of four bytes", bytes: Make.ipv6([6, 0, 0, 0], next: 60)),
        .init(
            name: "authentication header of 8 bytes",
            bytes: Make.ipv4([6, 0] + .init(repeating: 0, count: 30), transport: 51)),
        .init(
            name: "authentication header too long",
            bytes: Make.ipv4([6, 200] + .init(repeating: 0, count: 30), transport: 51)),
        .init(name: "TCP header cut off by IP", bytes: Make.ipv4(Array(Make.hello.prefix(19)))),
        .init(name: "TCP header of 16 bytes", bytes: Make.ipv4(Make.tcp(headerWords: 4, payload: []))),
        .init(name: "TCP header longer than the segment", bytes: Make.ipv4(Make.tcp(headerWords: 15, payload: [1]))),
    ]

    @Test("contradict themselves", arguments: malformed)
    func countsMalformed(_ test: Case) throws {
        let outcome = try LinkPacket.decode([LinkPacket(bytes: test.bytes)])
        #expect(outcome.payloads.isEmpty)
        #expect(outcome.counters.malformedPackets == 1)
        #expect(outcome.counters.anomalies(at: .zero).map(\.code.text) == ["ip.malformed"])
    }

    @Test("all fields of a segment")
    func readsFields() throws {
        let options: [UInt8] = [1, 1, 8, 10, 0xDE, 0xAD, 0xBE, 0xEF, 0, 0, 0, 1]
        let bytes = Make.ipv4(Make.tcp(flags: 0xFF, options: options, payload: [1]))
        let outcome = try LinkPacket.decode([LinkPacket(bytes: bytes, at: 12)])
        let expected = Segment(
            at: Timestamp(nanoseconds: 12_000_000), source: Endpoint(ipv4: 0x0A00_0001, port: 0x1234),
            destination: Endpoint(ipv4: 0x0A00_0002, port: 80), sequence: 0x0102_0304, acknowledgement: 0x0506_0708,
            flags: [.fin, .syn, .rst, .psh, .ack, .urg], window: 0x1000, payloadLength: 1, timestampValue: 0xDEAD_BEEF)
        #expect(outcome.payloads == [.init(segment: expected, bytes: [1])])
    }

    static let options: [(String, [UInt8], UInt32?)] = [
        ("none", [], nil),
        ("behind others", [2, 4, 5, 0xB4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7], 7),
        ("at the end, without fillers", [1, 0, 0, 0, 8, 10, 0, 0, 0, 7, 0, 0], nil),
        ("of a wrong length", [8, 6, 0, 0, 0, 7, 1, 1], nil),
        ("behind one of length 0", [5, 0, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0], nil),
        ("longer than the header", [1, 1, 8, 10, 0, 0, 0, 7], nil),
        ("only its kind", [1, 1, 1, 8], nil),
    ]

    @Test("the timestamps option", arguments: options)
    func readsTimestamp(_ name: String, _ options: [UInt8], _ expected: UInt32?) throws {
        let bytes = Make.ipv4(Make.tcp(options: options, payload: [1, 2, 3, 4]))
        let outcome = try LinkPacket.decode([LinkPacket(bytes: bytes)])
        #expect(outcome.payloads.first?.segment.timestampValue == expected, "\(name)")
        #expect(outcome.payloads.first?.bytes == [1, 2, 3, 4])
    }

    @Test("headers inside headers without end are let go")
    func boundsDepth() throws {
        // A megabyte of authentication headers behind a jumbo option, and IP in IP as deep as 64 KiB allow.
        let headers = (0..<90_000).flatMap { _ in [51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8] }
        let chain = Make.ipv6(headers, next: 51, length: 0)
        let nested = (0..<2_000).reduce([]) { inner, _ in Make.ipv4(inner, transport: 4) }
        let outcome = try LinkPacket.decode([LinkPacket(bytes: chain), LinkPacket(bytes: nested)])
        #expect(outcome.counters.otherPackets == 2)
    }

    @Test("any bytes: every packet is counted, none crashes")
    func survivesMutation() throws {
        var random = SeededRandom(seed: 11)
        let seeds = LinkHeaderTests.carrying.map { ($0.type, $0.bytes) } + Self.readable.map { (.raw, $0.bytes) }
        var packets: [LinkPacket] = []
        for round in 0..<20_000 {
            var (type, bytes) = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    [0, 1, 4, 6, 41, 44, 0xFF, .random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            packets.append(
                LinkPacket(
                    bytes: bytes, type: type, at: Int64(round), captured: Int.random(in: 0...200, using: &random)))
        }
        let outcome = try LinkPacket.decode(packets, finish: true)
        #expect(outcome.counters.addsUp)
        #expect(outcome.counters.packets == 20_000)
        #expect(outcome.payloads.count == outcome.counters.segments)
        #expect(outcome.counters.segments > 1_000)
        #expect(outcome.payloads.allSatisfy { $0.bytes.count <= $0.segment.payloadLength })
    }

    static let addresses: [(UInt64, UInt64, String)] = [
        (0, 0, "::"), (0, 1, "::1"), (0x2001_0DB8_0000_0000, 1, "2001:db8::1"),
        (0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
        (0x2001_0DB8_0000_0000, 0x0001_0000_0000_0001, "2001:db8::1:0:0:1"),
        (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "2001:0:0:1::1"),
        (0xFE80_0000_0000_0000, 0, "fe80::"), (0x0001_0000_0000_0000, 0x0000_0000_0000_00AB, "1::ab"),
        (0x0102_0304_0506_0708, 0x090A_0B0C_0D0E_0F10, "102:304:506:708:90a:b0c:d0e:f10"),
        (0, 0x0000_FFFF_C000_0201, "::ffff:192.0.2.1"), (0, 0x0000_0000_C000_0201, "::c000:201"),
        (0, 0xFFFF_0000_0000_0000, "::ffff:0:0:0"),
    ]

    @Test("IPv6 addresses as RFC 5952 writes them", arguments: addresses)
    func writesAddress(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(Endpoint(addressHigh: high, addressLow: low, isIPv4: false, port: 1).addressText == text)
    }

    @Test("IPv4 addresses")
    func writesIPv4() {
        #expect(Endpoint(ipv4: 0xC0A8_01FF, port: 1).addressText == "192.168.1.255")
    }
}
